"""On what it was measured: figures without this mean nothing."""

import os
import platform
import re
import statistics
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from tests.bench.programs import PROJECT
from tests.bench.stage import Stage

SAMPLES = 500


def facts(stage: Stage) -> dict[str, Any]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
            "cpu": _cpu(),
            "kernel": platform.release(),
            "load": os.getloadavg()[0],
        },
        "postgresql": stage.postgres.facts(),
        "documents": _documents(stage),
        "scale": asdict(stage.scale),
    }


def described(found: dict[str, Any]) -> str:
    machine, documents = found["machine"], found["documents"]
    server = dict(found["postgresql"])
    settings = ", ".join(f"{name} {value}" for name, value in server.items() if name != "version")
    rounds = found["scale"]["rounds"]
    small = "SMALL: to see that it works; the figures mean nothing\n"
    return (small if found["scale"]["is_small"] else "") + "\n".join(
        [
            f"commit {found['commit']}, Python {found['python']}",
            f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']} GB, "
            f"kernel {machine['kernel']}, load {machine['load']:.1f} before",
            f"{server['version']}: {settings}",
            f"documents of {documents['bytes']:.0f} bytes and {documents['lexemes']:.0f} distinct "
            "lexemes on average",
            f"medians of {rounds} rounds of {found['scale']['seconds']} s, turn by turn; "
            "for orientation: ours : the other",
        ]
    )


def _commit() -> str:
    number = _git("rev-parse", "--short", "HEAD")
    return f"{number} and changes" if number and _git("status", "--porcelain") else number or "none"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    found = path.exists() and re.search(r"^model name\s*: (.+)$", path.read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _documents(stage: Stage) -> dict[str, float]:
    """Of documents with negative numbers, which no workload uses."""
    texts = [each.content for each in stage.corpus.samples(range(-SAMPLES, 0))]
    lexemes = stage.postgres.value(
        "postgres", "SELECT avg(length(to_tsvector('english', t))) FROM unnest(%s) AS t", texts
    )
    return {
        "bytes": statistics.mean(len(text.encode()) for text in texts),
        "lexemes": float(lexemes),
    }
