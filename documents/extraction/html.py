"""HTML as a reader sees it: words, lines, tables; no scripts, styles or head.

The tags are read as a stream, without a tree. A tree costs a hostile page too much: the
standard's algorithm takes quadratic time for nested <div>s and, for 27 KB of unclosed
<p><b>, two million nodes. For the text it is enough to know what opens and closes.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

from documents.extraction import encodings
from documents.extraction.dates import iso_date
from documents.extraction.layout import Layout
from documents.extraction.original import Original

MAX_BYTES = 64 * 1024 * 1024
MAX_FACT = 500
META_BYTES = 4 * 1024
PARTS_AT_ONCE = 1_000

_META_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,500}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})"""
    rb"""|<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)


def read_html(original: Original, *, facts: dict[str, Any]) -> Iterator[str]:
    declared = _declared_inside(original.bytes_at(0, length=META_BYTES))
    page = "".join(encodings.decode(original, facts=facts, declared=declared))
    return text_of(page.replace("\r\n", "\n").replace("\r", "\n"), facts=facts)


def _declared_inside(head: bytes) -> list[str]:
    found = _META_CHARSET.search(head)
    return [(found[1] or found[2]).decode("ascii")] if found else []


# --- tokens --------------------------------------------------------------------------------

# As the standard splits them. What is never closed goes on to the end, so every token is
# found in one pass, whatever the page.
_TOKEN = re.compile(
    r"""
      (?P<text> (?: [^<]++ | <(?![a-zA-Z/!?]) | </\Z )++ )
    | <!-- (?: -?> | .*? (?: --!?> | \Z ) )
    | <!\[CDATA\[ (?P<cdata> .*? ) (?: \]\]> | \Z )
    | < (?P<closes> /? ) (?P<tag> [a-zA-Z] [^\s/>]*+ )
        (?P<rest> (?: [^=>]++ | =\s*+"[^"]*+" | =\s*+'[^']*+' | = )*+ ) >?
    | <[/!?] [^>]*+ >?
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""([^\s"'>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>]++))?""",
)
# int() refuses more than 4,300 digits, and unescape() lets it.
_ENDLESS_NUMBER = re.compile(r"&#\d{1000,}+;?")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Their content is no markup: it ends at their own end tag and nowhere else.
_RAW = _names("iframe noembed noframes noscript script style textarea title")
_ROWS = _names("table tbody tfoot thead tr")
_PARAGRAPHS = _names("blockquote h1 h2 h3 h4 h5 h6 hr listing p pre table xmp")
_PREFORMATTED = _names("listing pre textarea xmp")
_LINES = _names(
    """
    address article aside body button caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form frameset header hgroup html legend li main menu nav ol
    optgroup option search section select summary textarea ul
    """
)


def text_of(page: str, *, facts: dict[str, Any]) -> Iterator[str]:
    """The readable text in pieces; title, language, author and description go to the facts."""
    reader = _Reader(facts)
    at = 0
    while found := _TOKEN.match(page, at):
        at = found.end()
        match found.lastgroup:
            case "rest":
                at = reader.tag(found, page=page)
            case "text" | "cdata" as name:
                reader.text(found[name])
        if len(reader.layout.parts) >= PARTS_AT_ONCE:
            yield reader.layout.take()
    if last := reader.layout.take():
        yield last


def _unescaped(text: str) -> str:
    return unescape(_ENDLESS_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _attributes(rest: str) -> dict[str, str]:
    """Of an attribute given twice, the first counts."""
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(rest):
        bare = value[1:-1] if value[:1] in {'"', "'"} else value
        found.setdefault(name.lower(), _unescaped(bare))
    return found


# --- what the tags mean --------------------------------------------------------------------


class _Reader:
    """Takes tokens in order, tells the layout what to set, notes facts."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.layout = Layout()
        self.templates = self.drawings = self.preformatted = 0
        self.is_after_pre = False

    def text(self, raw: str) -> None:
        if self.templates:
            return
        text = _unescaped(raw)
        if not self.preformatted:
            self.layout.words(text)
        else:
            self.layout.verbatim(text.removeprefix("\n") if self.is_after_pre else text)
        self.is_after_pre = False

    def tag(self, found: re.Match[str], *, page: str) -> int:
        """Where reading goes on: after the tag, or after an element whose content is raw."""
        name, rest = found["tag"].lower(), found["rest"]
        self.is_after_pre = False
        if name not in _KNOWN:
            return found.end()
        if found["closes"]:
            self._close(name)
            return found.end()
        # Strictly, "/>" closes nothing in HTML; in pages that came from XML it does.
        if rest.endswith("/") and (name in _RAW or name == "template"):
            return found.end()
        self._open(name, rest)
        if name not in _RAW:
            return found.end()
        end = _end_of_raw(page, name=name, start=found.end())
        self._raw(name, page[found.end() : end])
        return end

    def _open(self, name: str, rest: str) -> None:
        if name == "template":
            self.templates += 1
        if self.templates:
            return
        if mean := _OPENING.get(name):
            mean(self, rest)
        self._set_apart(name)
        if name in _PREFORMATTED:
            self.preformatted += 1
            self.is_after_pre = True  # a line feed right behind the tag does not count

    def _close(self, name: str) -> None:
        if name == "template":
            self.templates = max(0, self.templates - 1)
        if self.templates:
            return
        if name == "svg":
            self.drawings = max(0, self.drawings - 1)
        if name == "br":
            self.layout.newline()
        self._set_apart(name)
        if name in _PREFORMATTED:
            self.preformatted = max(0, self.preformatted - 1)

    def _set_apart(self, name: str) -> None:
        if name in _ROWS:
            self.layout.row()
        if name in _PARAGRAPHS:
            self.layout.line(2)
        elif name in _LINES:
            self.layout.line(1)

    def _raw(self, name: str, content: str) -> None:
        if name == "textarea":
            self.text(content)
        elif name == "title" and not self.templates and not self.drawings:
            self._note("title", _unescaped(content))

    def _note(self, fact: str, value: str) -> None:
        if words := " ".join(value.split()):
            self.facts.setdefault(fact, words[:MAX_FACT])

    def cell(self, _: str) -> None:
        self.layout.cell()

    def newline(self, _: str) -> None:
        self.layout.newline()

    def drawing(self, rest: str) -> None:
        self.drawings += not rest.endswith("/")

    def image(self, rest: str) -> None:
        self.layout.words(f" {_attributes(rest).get('alt', '')} ")

    def language(self, rest: str) -> None:
        self._note("language", _attributes(rest).get("lang", ""))

    def meta(self, rest: str) -> None:
        given = _attributes(rest)
        called = (given.get(name, "").lower() for name in _META_NAMES)
        fact = next((_META[name] for name in called if name in _META), "")
        value = given.get("content", "")
        if fact:
            self._note(fact, iso_date(value) if fact in _DATES else value)


_META_NAMES = ("name", "property", "itemprop", "http-equiv")
_DATES = _names("created modified")
_META = {
    "description": "description",
    **dict.fromkeys(_names("author dc.creator dcterms.creator"), "author"),
    **dict.fromkeys(_names("language dc.language dcterms.language content-language"), "language"),
    **dict.fromkeys(
        _names("date dc.date dcterms.date dcterms.created article:published_time datepublished"),
        "created",
    ),
    **dict.fromkeys(
        _names("last-modified dcterms.modified article:modified_time datemodified"), "modified"
    ),
}
_OPENING: dict[str, Callable[[_Reader, str], None]] = {
    "br": _Reader.newline,
    "html": _Reader.language,
    "img": _Reader.image,
    "meta": _Reader.meta,
    "svg": _Reader.drawing,
    "td": _Reader.cell,
    "th": _Reader.cell,
}
_KNOWN = _RAW | _ROWS | _PARAGRAPHS | _PREFORMATTED | _LINES | _OPENING.keys() | {"template"}


def _end_of_raw(page: str, *, name: str, start: int) -> int:
    found = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(page, start)
    return found.start() if found else len(page)
