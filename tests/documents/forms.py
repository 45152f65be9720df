"""Forms as bytes, so that a test can send what no client would."""

from typing import Any

from django.test import Client

from tests.documents.answers import URL

BORDER = "border"


def part(name: str, content: bytes, *, filename: str | None = None, kind: str = "") -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    head = f'--{BORDER}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{typed}\r\n'
    return head.encode() + content + b"\r\n"


def file(content: bytes, *, filename: str = "a.txt", kind: str = "text/plain") -> bytes:
    return part("file", content, filename=filename, kind=kind)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BORDER}--\r\n".encode()


def send(client: Client, body: bytes, *, query: str = "", **meta: Any) -> Any:
    kind = f"multipart/form-data; boundary={BORDER}"
    return client.generic("POST", URL + query, body, content_type=kind, **meta)
