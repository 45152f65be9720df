"""Documents of about 2 KB of real prose, as many as wanted, the same every time.

The prose is what every installation has: the docstrings of Python and of the packages the
benchmarks are pinned to, their descriptions and licences. A document is made of a few stretches
of it, chosen by its number; so documents differ, and two machines with the same packages measure
the same ones.
"""

import hashlib
import json
import random
import re
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = PROJECT / ".cache" / "bench"
EDITION = 1
SHORTEST, LONGEST = 1_200, 2_800
"""Characters of a document; evenly spread."""
STRETCH = 600
TITLE_WORDS = 6
BLANKS = {ord("0"): " ", ord("1"): "\n"}

DOCSTRING = re.compile(r'"""(.*?)"""', re.DOTALL)
BLANK_LINES = re.compile(r"\n\s*\n")
PROSE = re.compile(r"(?:[A-Za-z][a-z']*[,.:;]?\s+){8}")
TEXTS = {"METADATA", "LICENSE", "LICENSE.txt", "LICENSE.rst", "LICENSE.md", "COPYING", "README.md"}


@dataclass(frozen=True)
class Sample:
    """One document, as a client has it."""

    number: int
    title: str
    content: str

    @property
    def metadata(self) -> str:
        return f'{{"number": {self.number}, "shelf": "{self.number % 97}"}}'

    def line(self) -> bytes:
        """As JSON: the body of one POST, or a line of a bulk upload."""
        body = f'{{"title":{json.dumps(self.title)},"metadata":{self.metadata},"content":'
        return f"{body}{json.dumps(self.content)}}}".encode()


class Corpus:
    def __init__(self, paragraphs: list[str]) -> None:
        self._paragraphs = paragraphs

    def sample(self, number: int) -> Sample:
        chance = random.Random(number).random
        wanted = SHORTEST + int(chance() * (LONGEST - SHORTEST))
        content = "\n\n".join(self._stretches(chance=chance, wanted=wanted))[:wanted]
        content += f"{number:032b}".translate(BLANKS)  # no two are the same
        title = self._paragraphs[int(chance() * len(self._paragraphs))].split(maxsplit=TITLE_WORDS)
        return Sample(number, " ".join(title[:TITLE_WORDS])[:200], content)

    def samples(self, numbers: Iterable[int]) -> Iterator[Sample]:
        return map(self.sample, numbers)

    def _stretches(self, *, chance: Callable[[], float], wanted: int) -> Iterator[str]:
        while wanted > 0:
            at, room = int(chance() * len(self._paragraphs)), STRETCH
            while room > 0 and wanted > 0:
                paragraph = self._paragraphs[at % len(self._paragraphs)]
                yield paragraph
                at, room, wanted = at + 1, room - len(paragraph), wanted - len(paragraph)


def load() -> Corpus:
    """Kept in `.cache`, for it takes seconds to collect."""
    kept = CACHE / f"prose-{_edition()}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".unfinished")
        draft.write_text(json.dumps(list(_paragraphs())))
        draft.replace(kept)
    return Corpus(json.loads(kept.read_text()))


def _edition() -> str:
    installed = sorted(f"{each.name} {each.version}" for each in distributions())
    facts = [str(EDITION), sysconfig.get_python_version(), *installed]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _paragraphs() -> Iterator[str]:
    """Each one once, in the order of the files; those of a file stay together."""
    seen = set()
    for text in _texts():
        for paragraph in BLANK_LINES.split(text):
            words = " ".join(paragraph.split())
            if 60 <= len(words) <= 2_000 and PROSE.search(words) and words not in seen:
                seen.add(words)
                yield words


def _texts() -> Iterator[str]:
    for name in ("stdlib", "purelib"):
        folder = Path(sysconfig.get_path(name))
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder).parts
            if name == "stdlib" and inner[0] in {"site-packages", "test"}:
                continue
            if path.suffix == ".py":
                yield "\n\n".join(DOCSTRING.findall(path.read_text(errors="ignore")))
            elif path.name in TEXTS and path.is_file():
                yield path.read_text(errors="ignore")
