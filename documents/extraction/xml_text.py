"""XML of any vocabulary: the words of its elements in order, a line for each block of them.

Expat reads it as a stream, so depth and length cost nothing. Nothing is fetched from anywhere;
entities of plain words are replaced, and a document is refused whose entities refer to each
other. What is no well-formed XML is read as plain text: no word gets lost.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from xml.parsers import expat

from documents.extraction import encodings
from documents.extraction.dates import iso_date
from documents.extraction.facts import MAX_FACT, note
from documents.extraction.layout import Layout
from documents.extraction.original import Original, Unreadable

DECLARATION_BYTES = 1024
# Expat reads an unfinished tag again with every block: a huge one would take quadratic time.
MAX_TAG_BYTES = 8 * 1024 * 1024
MAX_ENTITIES = 1_000
MAX_ENTITY = 1_000
MAX_REPLACED = 1_000_000

_DECLARED = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})""")
_WIDE = {b"<\x00?\x00": "utf-16-le", b"\x00<\x00?": "utf-16-be"}
# Left over in the value of an entity, where &#60; and its like have been replaced.
_REFERENCE = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\w{1,8});)[^\s&;]+;")
_TAG = re.compile(r"<[^<>]*>")
_AMPLIFIED = 43  # XML_ERROR_AMPLIFICATION_LIMIT_BREACH, which older Pythons have no name for


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SILENT = _names("script style")
_SHOWN_ATTRIBUTES = ("title", "label", "alt", "caption")
# In these, documents speak of themselves. "title" elsewhere may be that of a song in a list.
_HEADS = _names(
    """
    info articleinfo bookinfo channel head header metadata meta prolog docinfo document-info
    teiheader filedesc titlestmt description title-info front article-meta title-group
    """
)
_FACTS = {
    **dict.fromkeys(("title", "book-title", "article-title"), "title"),
    **dict.fromkeys(("author", "creator", "managingeditor"), "author"),
    **dict.fromkeys(("language", "lang"), "language"),
    **dict.fromkeys(("created", "published", "pubdate", "issued", "date"), "created"),
    **dict.fromkeys(("modified", "updated", "lastbuilddate"), "modified"),
}
_DATES = _names("created modified")
_NOT_OF_A_NAME = _names("email uri affiliation address")


def read_xml(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    declared = _declared_inside(original.bytes_at(0, length=DECLARATION_BYTES))
    if fault := _fault(encodings.decode(original, facts={}, declared=declared)):
        facts["format"], facts["malformed"] = "plain", fault
        yield from encodings.decode(original, facts=facts, declared=declared)
        return
    reader = _Reader(facts)
    for _ in _parsed(encodings.decode(original, facts=facts, declared=declared), reader.parser):
        if text := reader.layout.take():
            yield text


def _declared_inside(head: bytes) -> list[str]:
    if wide := _WIDE.get(head[:4]):
        return [wide]
    found = _DECLARED.match(head)
    return [found[1].decode("ascii")] if found else []


# --- the parser ----------------------------------------------------------------------------


def _new_parser() -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding="utf-8")  # whatever its declaration says
    parser.buffer_text = True
    # As if more could be declared elsewhere: an unknown entity is then no error.
    parser.UseForeignDTD(True)
    return parser


def _parsed(chunks: Iterator[str], parser: expat.XMLParserType) -> Iterator[None]:
    """Pauses after each chunk, so that its text can be taken."""
    fed = 0
    for chunk in chunks:
        block = chunk.encode()
        parser.Parse(block)
        fed += len(block)
        if fed - parser.CurrentByteIndex > MAX_TAG_BYTES:
            raise expat.ExpatError("a tag does not end")
        yield
    parser.Parse(b"", True)
    yield


def _fault(chunks: Iterator[str]) -> str:
    """Where it is not well-formed, known before the first word is given away."""
    parser = _new_parser()
    parser.EntityDeclHandler = Entities().declare
    try:
        for _ in _parsed(chunks, parser):
            pass
    except expat.ExpatError as error:
        if getattr(error, "code", None) == _AMPLIFIED:
            raise _forbidden() from error
        return str(error)
    return ""


# --- entities ------------------------------------------------------------------------------


class Entities:
    """What the document declares. Only plain words are put in; what lies elsewhere is left out."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.replaced = 0

    def declare(self, name: str, is_parameter: bool, value: str | None, *_: str | None) -> None:
        if is_parameter or value is None:
            return
        is_harmless = len(value) <= MAX_ENTITY and not _REFERENCE.search(value)
        if not is_harmless or len(self.words) >= MAX_ENTITIES:
            raise _forbidden()
        self.words.setdefault(name, unescape(_TAG.sub(" ", value)))

    def replace(self, reference: str) -> str | None:
        """The words for "&name;", or None."""
        words = self.words.get(reference[1:-1])
        if words is None:
            known = unescape(reference)  # those of HTML, which many a feed uses undeclared
            return known if known != reference else None
        self.replaced += len(words)
        if self.replaced > MAX_REPLACED:
            raise _forbidden()
        return words


def _forbidden() -> Unreadable:
    return Unreadable(
        "forbidden_xml",
        "This XML declares entities that contain each other, or too many or too long ones, as "
        "files do that are made to exhaust a reader. The original is kept; write the entities "
        "out (xmllint --noent does) and send that.",
    )


# --- the text ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    """One that is open."""

    is_silent: bool = False
    is_head: bool = False
    has_text: bool = False
    """Words of its own: what follows inside it is part of a sentence."""
    follows_block: bool = False


@dataclass
class _Fact:
    """One that is being read."""

    name: str
    depth: int
    words: list[str]
    ignored_from: int | None = None


class _LocalNames(dict[str, str]):
    """ "dc:Title" → "title", worked out once for each."""

    def __missing__(self, name: str) -> str:
        self[name] = local = name.rpartition(":")[2].lower()
        return local


class _Reader:
    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.layout = Layout()
        self.entities, self.local = Entities(), _LocalNames()
        self.open: list[_Element] = []
        self.fact: _Fact | None = None
        self.parser = _new_parser()
        self.parser.EntityDeclHandler = self.entities.declare
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        # Where there is one, expat hands references over instead of expanding them.
        self.parser.DefaultHandler = self.other

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        name = self.local[full_name]
        above = self.open[-1] if self.open else _Element(is_head=True)
        if not above.has_text:
            self.layout.line(1)
        if above.is_head or self.fact:
            self._begin_fact(name)
        is_head = above.is_head and (not self.open or name in _HEADS)
        self.open.append(_Element(above.is_silent or name in _SILENT, is_head))
        if attributes:
            self._attributes(attributes)

    def end(self, _: str) -> None:
        self.open.pop()
        if self.open:
            self.open[-1].follows_block = not self.open[-1].has_text
        if self.fact and len(self.open) < self.fact.depth:
            self._end_fact(self.fact)

    def text(self, data: str) -> None:
        element = self.open[-1]
        if element.is_silent:
            return
        if not data.isspace():
            begin = data[: len(data) - len(data.lstrip())]
            if element.follows_block and (not begin or "\n" in begin):
                self.layout.line(1)
            element.has_text, element.follows_block = True, False
        self.layout.words(data)
        if self.fact:
            self._add_to_fact(self.fact, data)

    def other(self, data: str) -> None:
        if not (self.open and data.startswith("&") and data.endswith(";")):
            return  # a comment, an instruction, the declaration of a type
        words = self.entities.replace(data)
        if words is None:
            self.facts["entities_left_out"] = self.facts.get("entities_left_out", 0) + 1
        elif words:
            self.text(words)

    def _attributes(self, attributes: dict[str, str]) -> None:
        if len(self.open) <= 2:
            language = attributes.get("xml:lang") or attributes.get("lang", "")
            note(self.facts, name="language", value=language)
        for name in _SHOWN_ATTRIBUTES:
            if words := attributes.get(name, ""):
                self.layout.words(f" {words} ")

    # What documents say of themselves stands at their beginning, each in an element.

    def _begin_fact(self, name: str) -> None:
        if self.fact:
            self.fact.words.append(" ")
            if name in _NOT_OF_A_NAME and self.fact.ignored_from is None:
                self.fact.ignored_from = len(self.open) + 1
        elif self.open and name in _FACTS and _FACTS[name] not in self.facts:
            self.fact = _Fact(_FACTS[name], depth=len(self.open) + 1, words=[])

    def _add_to_fact(self, fact: _Fact, data: str) -> None:
        if fact.ignored_from is not None and len(self.open) >= fact.ignored_from:
            return
        fact.ignored_from = None
        if len(fact.words) < MAX_FACT:
            fact.words.append(data[:MAX_FACT])

    def _end_fact(self, fact: _Fact) -> None:
        self.fact = None
        value = "".join(fact.words)
        note(self.facts, name=fact.name, value=iso_date(value) if fact.name in _DATES else value)
