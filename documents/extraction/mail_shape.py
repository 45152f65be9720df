"""Whether a text begins as an e-mail does: with several fields that mails have."""

import re

MAX_LINES = 300
FEWEST_FIELDS = 3

_FIELD = re.compile(r"([!-9;-~]{1,76}):(?:\s|\Z)")
# What stands before each mail in an mbox.
_ENVELOPE = re.compile(r"From \S.{0,200}\d\d:\d\d.{0,40}\d{4}")
_SENT = frozenset({"from", "sender", "return-path", "received"})
_KNOWN = _SENT | frozenset(
    {
        *("to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "delivered-to"),
        *("content-type", "content-transfer-encoding", "reply-to", "in-reply-to", "references"),
        *("dkim-signature", "arc-seal", "authentication-results", "received-spf", "list-id"),
        *("x-mailer", "x-original-to", "x-received", "user-agent", "importance", "x-priority"),
    }
)


def is_mail(start: str) -> bool:
    """A letter that begins with From, To and Subject is read as one: nothing is lost by it."""
    known = mail_fields(start) & _KNOWN
    if _ENVELOPE.match(start):
        return bool(known)
    # Mails write From; settings that somebody keeps in lines of the same shape write from.
    return start[:1].isupper() and len(known) >= FEWEST_FIELDS and bool(known & _SENT)


def mail_fields(start: str) -> set[str]:
    """The names of the fields before the first line that is none, in lower case."""
    names: set[str] = set()
    lines = start.split("\n", MAX_LINES)[:MAX_LINES]
    for line in lines[1:] if _ENVELOPE.match(start) else lines:
        if found := _FIELD.match(line):
            names.add(found[1].lower())
        elif not names or not line.startswith((" ", "\t")):
            break
    return names
