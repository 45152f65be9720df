"""Content-Transfer-Encoding undone, block by block: nothing is held but a few letters."""

import binascii
from collections.abc import Iterator
from itertools import chain
from typing import Any

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FOREIGN = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_LINE_ENDS = b"\r\n\t"
# Prose that claims to be base64 has a space for every sixth letter.
MAX_FOREIGN_SHARE = 0.05


def decoded(blocks: Iterator[bytes], *, encoding: str, facts: dict[str, Any]) -> Iterator[bytes]:
    """What the encoding does not fit is passed on as it is."""
    match encoding:
        case "base64":
            first = next(blocks, b"")
            again = chain([first], blocks)
            return _base64(again, facts=facts) if looks_like_base64(first) else again
        case "quoted-printable":
            return map(binascii.a2b_qp, _whole_lines(blocks))
        case "uuencode" | "x-uuencode" | "uue" | "x-uue":
            return _uuencoded(blocks)
        case _:
            return blocks


def looks_like_base64(sample: bytes) -> bool:
    return _foreign(sample) <= MAX_FOREIGN_SHARE * len(sample)


def _foreign(block: bytes) -> int:
    return len(block.translate(None, _ALPHABET + _LINE_ENDS))


def decode_base64(text: bytes) -> bytes:
    return b"".join(_base64(iter([text]), facts={}))


def _base64(blocks: Iterator[bytes], *, facts: dict[str, Any]) -> Iterator[bytes]:
    """Foreign letters are left out, and missing padding is made up for, as mail programs do."""
    rest, foreign = b"", 0
    for block in blocks:
        foreign += _foreign(block)
        *padded, rest = (rest + block.translate(None, _FOREIGN)).split(b"=")
        yield from filter(None, map(_letters, padded))
        whole = len(rest) // 4 * 4
        yield binascii.a2b_base64(rest[:whole])
        rest = rest[whole:]
    yield _letters(rest)
    if foreign or len(rest) == 1:
        facts["damaged_parts"] = facts.get("damaged_parts", 0) + 1


def _letters(group: bytes) -> bytes:
    """The end of what was encoded; one letter alone stands for less than a byte."""
    if len(group) % 4 == 1:
        group = group[:-1]
    return binascii.a2b_base64(group + b"=" * (-len(group) % 4))


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut behind line ends, or at least not inside of "=C3"."""
    rest = b""
    for block in blocks:
        whole = rest + block
        cut = whole.rfind(b"\n") + 1 or max(0, whole.rfind(b"=", len(whole) - 2)) or len(whole)
        yield whole[:cut]
        rest = whole[cut:]
    yield rest


def _uuencoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    is_inside = False
    for line in chain.from_iterable(block.splitlines() for block in _whole_lines(blocks)):
        if not is_inside:
            is_inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            return
        else:
            yield _uu_line(line)


def _uu_line(line: bytes) -> bytes:
    """Some encoders write more letters than they count: take as many as were meant."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        meant = ((line[0] - 32) & 63) * 4 // 3 + 2
        try:
            return binascii.a2b_uu(line[: 1 + meant])
        except binascii.Error:
            return line
