"""Word documents: what a reader sees, in order; then notes, comments, headers and footers."""

from collections.abc import Iterator
from typing import Any

from documents.extraction.facts import note
from documents.extraction.ooxml import Package, note_properties
from documents.extraction.ooxml_text import Flow, set_apart, text_of
from documents.extraction.original import Original
from documents.extraction.xml_events import Attributes, attribute, parse

# In this order after the body: an excerpt should not begin with a letterhead.
_BESIDE_THE_BODY = ("footnotes", "endnotes", "comments", "header", "footer")


def read_docx(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    package = Package(original)
    note_properties(package, facts=facts)
    document = package.main_part()
    styles = _styles(package, document=document)
    note(facts, name="language", value=styles.language)
    body = Flow(headings=frozenset(styles.headings))
    yield from set_apart(_texts(package, document=document, body=body))
    note(facts, name="title", value=body.title)


def _texts(package: Package, *, document: str, body: Flow) -> Iterator[Iterator[str]]:
    yield text_of(package, part=document, flow=body)
    seen: set[str] = set()
    for kind in _BESIDE_THE_BODY:
        for part in package.related(document, kind):
            yield _unless_seen(text_of(package, part=part, flow=Flow()), seen=seen)


def _unless_seen(pieces: Iterator[str], *, seen: set[str]) -> Iterator[str]:
    """The first page, the others and every section may have the same header."""
    first = next(pieces, "")
    if first and first not in seen:
        seen.add(first)
        yield first
        yield from pieces


def _styles(package: Package, *, document: str) -> "_Styles":
    found = _Styles()
    for part in package.related(document, "styles")[:1]:
        for _ in parse(package.blocks(part), handler=found):
            pass
    return found


class _Styles:
    """Which styles are headings: their names are English in every language, their ids are not."""

    def __init__(self) -> None:
        self.headings: set[str] = set()
        self.language = ""
        self.style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "style":
            self.style = attribute(attributes, "styleId")
        elif name == "name" and self.style:
            called = attribute(attributes, "val").lower()
            if called == "title" or called.startswith("heading "):
                self.headings.add(self.style)
        elif name == "lang" and not self.style and not self.language:
            self.language = attribute(attributes, "val")

    def end(self, name: str) -> None:
        if name == "style":
            self.style = ""

    def text(self, text: str) -> None: ...
