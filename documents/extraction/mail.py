"""E-mail: who wrote what to whom, the words, and what is attached as documents of their own.

An mbox file is the list of its mails, each a document of its own.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import groupby
from typing import Any

from documents.extraction import encodings, html, mime
from documents.extraction.dates import iso_date
from documents.extraction.facts import MAX_FACT, note
from documents.extraction.mail_header import Fields
from documents.extraction.mime import Leaf
from documents.extraction.names import file_name
from documents.extraction.original import Original, Part, Piece, Unreadable
from documents.extraction.transfer import decoded

# A longer text is an attachment in all but name.
MAX_BODY_BYTES = 16 * 1024 * 1024
SHOWN = ("From", "To", "Cc", "Date", "Subject")

_BODIES = frozenset({"text/plain", "text/html", "message/delivery-status"})
# They say something about the mail and hold no words.
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_ENCRYPTED = frozenset(
    {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
# Python's own table reads what this machine adds to it: the name would depend on the machine.
_ENDINGS = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/xml": ".xml",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/tiff": ".tif",
}


def read_mail(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    mails = mime.mails_in(original.source)
    if len(mails) > mime.MAX_PARTS:
        raise Unreadable(
            "too_large",
            f"This mailbox holds {len(mails)} mails and {mime.MAX_PARTS} are read at most. "
            "Split it and send the pieces.",
        )
    if len(mails) > 1:
        yield from _mailbox(original, mails=mails, facts=facts)
    else:
        yield from _mail(original, facts=facts)


# --- one mail ------------------------------------------------------------------------------


def _mail(original: Original, *, facts: dict[str, Any]) -> Iterator[Piece]:
    structure = mime.structure_of(original.source)
    fields = structure.fields or Fields(b"")
    _note(fields, facts=facts)
    bodies = [leaf for leaf in structure.leaves if _is_body(leaf)]
    parts = list(_attached(leaf for leaf in structure.leaves if not _is_body(leaf)))
    if head := "\n".join(_head(fields, names=[name for name, _ in parts])):
        yield head + "\n"
    for text in _texts(original, bodies=bodies, facts=facts):
        yield f"\n{text}\n"
    for name, leaf in parts:
        content = _content(original, leaf, facts=facts)
        yield Part(filename=name, content_type=leaf.header.content_type, chunks=content)


def _note(fields: Fields, *, facts: dict[str, Any]) -> None:
    note(facts, name="title", value=fields.value("Subject"))
    note(facts, name="author", value=fields.value("From"))
    note(facts, name="message_id", value=fields.value("Message-ID"))
    note(facts, name="language", value=fields.value("Content-Language"))
    note(facts, name="created", value=iso_date(fields.value("Date")))
    if fields.raw("Content-Type").partition(";")[0].strip().lower() in _ENCRYPTED:
        facts["encrypted"] = True


def _head(fields: Fields, *, names: list[str]) -> Iterator[str]:
    for name in SHOWN:
        if value := fields.value(name):
            yield f"{name}: {value}"
    if names:
        yield f"Attachments: {', '.join(names)}"


def _is_body(leaf: Leaf) -> bool:
    header = leaf.header
    is_shown = header.content_type in _BODIES and not (header.is_attachment or header.filename)
    return is_shown and leaf.size <= MAX_BODY_BYTES


def _attached(leaves: Iterable[Leaf]) -> Iterator[tuple[str, Leaf]]:
    for number, leaf in enumerate(leaves, start=1):
        header = leaf.header
        if leaf.size and header.content_type not in _SIGNATURES:
            ending = _ENDINGS.get(header.content_type, "")
            yield file_name(header.filename or f"part-{number}{ending}"), leaf


def _content(original: Original, leaf: Leaf, *, facts: dict[str, Any]) -> Iterator[bytes]:
    raw = mime.blocks(original.source, start=leaf.start, end=leaf.end)
    return decoded(raw, encoding=leaf.header.encoding, facts=facts)


# --- its words -----------------------------------------------------------------------------


def _texts(original: Original, *, bodies: list[Leaf], facts: dict[str, Any]) -> Iterator[str]:
    """All bodies in order; of those that say the same, the plain ones if there are words."""
    for choice, group in groupby(bodies, key=lambda leaf: leaf.choice):
        leaves = list(group)
        if choice is None:
            yield from _with_words(original, leaves=leaves, facts=facts)
            continue
        pages = [leaf for leaf in leaves if leaf.header.content_type == "text/html"]
        plain = [leaf for leaf in leaves if leaf not in pages]
        texts = _with_words(original, leaves=plain, facts=facts)
        if first := next(texts, ""):
            yield first
            yield from texts
        else:
            yield from _with_words(original, leaves=pages, facts=facts)


def _with_words(original: Original, *, leaves: list[Leaf], facts: dict[str, Any]) -> Iterator[str]:
    texts = (_text(original, leaf, facts=facts) for leaf in leaves)
    return (text for text in texts if text and not text.isspace())


def _text(original: Original, leaf: Leaf, *, facts: dict[str, Any]) -> str:
    content = b"".join(_content(original, leaf, facts=facts))
    body = Original(
        source=BytesIO(content), size=len(content), declared_charset=leaf.header.charset
    )
    found: dict[str, Any] = {}
    if leaf.header.content_type == "text/html":
        text = "".join(html.read_html(body, facts=found))
    else:
        text = "".join(encodings.decode(body, facts=found)).replace("\r\n", "\n")
    _merge(found, facts=facts)
    return text.strip("\n")


def _merge(found: dict[str, Any], *, facts: dict[str, Any]) -> None:
    """The mail has the title and author of its header; losses add up over its bodies."""
    for name in ("encoding", "encoding_basis", "encoding_confidence", "language"):
        if name in found:
            facts.setdefault(name, found[name])
    for name in ("nul_removed", "replaced"):
        if name in found:
            facts[name] = facts.get(name, 0) + found[name]


# --- many mails ----------------------------------------------------------------------------


def _mailbox(
    original: Original, *, mails: list[tuple[int, int]], facts: dict[str, Any]
) -> Iterator[Piece]:
    facts["mails"] = len(mails)
    for number, (start, end) in enumerate(mails, start=1):
        fields = mime.fields_at(original.source, start=start, end=end)
        shown = (fields.value(name) for name in ("Date", "From", "Subject"))
        yield "\t".join(value[:MAX_FACT] for value in shown) + "\n"
        name = file_name(f"{fields.value('Subject') or f'mail-{number}'}".replace("/", "-"))
        content = mime.blocks(original.source, start=start, end=end)
        yield Part(filename=f"{name}.eml", content_type="message/rfc822", chunks=content)
