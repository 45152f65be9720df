"""PowerPoint presentations: every slide is a page, with its notes and comments below it."""

from collections.abc import Iterator
from typing import Any

from documents.extraction.facts import note
from documents.extraction.ooxml import Package, note_properties
from documents.extraction.ooxml_text import Flow, text_of
from documents.extraction.ooxml_text import set_apart as set_texts_apart
from documents.extraction.original import Original, Page, Piece
from documents.extraction.pages import set_apart
from documents.extraction.xml_events import Attributes, parse, relation_id

_BESIDE_THE_SLIDE = ("diagramData", "notesSlide", "comments")
# What PowerPoint calls a presentation that nobody gave a title.
_NO_TITLE = "PowerPoint Presentation"


def read_pptx(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    package = Package(original)
    note_properties(package, facts=facts)
    if facts.get("title") == _NO_TITLE:
        del facts["title"]
    slides = _slides(package)
    facts["pages"] = len(slides)
    yield from set_apart(_pages(package, slides=slides, facts=facts))


def _slides(package: Package) -> list[str]:
    """In the order in which they are shown."""
    presentation = package.main_part()
    parts = {each.id: each.part for each in package.relations(presentation)}
    order = _Order()
    for _ in parse(package.blocks(presentation), handler=order):
        pass
    return [parts[id_] for id_ in order.ids if package.has(parts.get(id_, ""))]


def _pages(package: Package, *, slides: list[str], facts: dict[str, Any]) -> Iterator[Piece]:
    for number, slide in enumerate(slides, start=1):
        yield Page(number)
        flow = Flow()
        yield from set_texts_apart(_texts(package, slide=slide, flow=flow))
        note(facts, name="title", value=flow.title)


def _texts(package: Package, *, slide: str, flow: Flow) -> Iterator[Iterator[str]]:
    yield text_of(package, part=slide, flow=flow)
    for kind in _BESIDE_THE_SLIDE:
        for part in package.related(slide, kind):
            yield text_of(package, part=part, flow=Flow())


class _Order:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sldId":
            self.ids.append(relation_id(attributes))

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...
