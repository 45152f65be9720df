"""The XML inside Office files, as a stream of events: no tree, no entities, no depths.

Office writes no document type definition, and the standard forbids one; without it there are
no entities to expand and nothing outside to fetch. Expat is asked directly, with the refusal
that defusedxml makes: its parser does the rest in Python and takes more than twice the time,
which a sheet of a million cells feels.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.parsers import expat

from documents.extraction.original import Unreadable

MAX_DEPTH = 10_000
# Expat reads an unfinished tag again with every block: a huge one would take quadratic time.
MAX_TAG_BYTES = 8 * 1024 * 1024

Attributes = dict[str, str]


class Handler(Protocol):
    """Names come without a prefix; those of attributes that had one as "namespace name"."""

    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _LocalNames(dict[str, str]):
    """ "namespace name" → "name", worked out once for each."""

    def __missing__(self, name: str) -> str:
        self[name] = local = name.rpartition(" ")[2]
        return local


def parse(blocks: Iterable[bytes], *, handler: Handler) -> Iterator[None]:
    """Hands the events of each block to the handler, then pauses so that its text can be taken."""
    parser = _parser(handler)
    fed = 0
    try:
        for block in blocks:
            parser.Parse(block)
            fed += len(block)
            if fed - parser.CurrentByteIndex > MAX_TAG_BYTES:
                raise broken("it holds a tag or comment that does not end")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise broken(f"its XML breaks off or is damaged ({error})") from error
    yield


def _parser(handler: Handler) -> expat.XMLParserType:
    names, depth = _LocalNames(), 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise broken(f"its XML is nested deeper than {MAX_DEPTH:,} levels")
        handler.start(names[name], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(names[name])

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    return parser


def _refuse(*_: object) -> None:
    raise broken("its XML defines a document type, which no Office program writes")


def attribute(attributes: Attributes, name: str) -> str:
    """The value of an attribute, whatever namespace it is in."""
    if name in attributes:
        return attributes[name]
    ending = f" {name}"
    return next((value for key, value in attributes.items() if key.endswith(ending)), "")


def relation_id(attributes: Attributes) -> str:
    """r:id, which may stand beside an id."""
    ending = "/relationships id"
    return next((value for key, value in attributes.items() if key.endswith(ending)), "")


def broken(reason: str) -> Unreadable:
    return Unreadable(
        "corrupt",
        f"This Office document cannot be read: {reason}. The original is kept; "
        "open it in the program that wrote it, save it anew and send that.",
    )
