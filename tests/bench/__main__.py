"""`make bench`: ours and a yardstick, turn by turn on one PostgreSQL with fsync on.

Seconds say something about the machine; what is to be read are the ratios, which say how much
longer ours takes than the other (below 1: ours is faster).
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from ingestion.embedded import server
from tests.bench import migrations


def main() -> int:
    rounds = int(os.environ.get("ROUNDS", "5"))
    # Run by root, the server is another user, who must be able to reach the folder.
    place = "/var/tmp" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="ingestion-bench-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = folder / "postgres"
        server.ensure(cluster)
        try:
            _say(f"{_machine()}; medians of {rounds} rounds, turn by turn\n")
            _say(migrations.report(folder / "migrations", cluster, rounds=rounds))
        finally:
            server.stop(cluster)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _machine() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    commit = done.stdout.strip() or "no commit"
    return f"{commit}, Python {platform.python_version()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
