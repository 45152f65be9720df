"""Request bodies: strict JSON, and forms whose file goes straight to its place on the disk."""

import re
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MultiPartParser as DjangoMultiPartParser
from django.http.multipartparser import MultiPartParserError
from django.utils.encoding import force_str
from rest_framework.parsers import BaseParser, DataAndFiles

from documents import strict_json
from documents.api.body import CHUNK, Body
from documents.blobs import Incoming
from documents.errors import Invalid, UnsupportedMedia

# The form around the file: boundaries, headers, the other fields.
FORM_BYTES = 2 * 1000**2


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        request = parser_context["request"]
        charset = request._request.content_params.get("charset", "utf-8")
        if charset.lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMedia(f"JSON is read in UTF-8 (RFC 8259), and this says {charset}.")
        body = Body(stream, meta=request.META, limit=settings.MAX_JSON_BYTES, what="JSON body")
        raw = b"".join(iter(partial(body.read, CHUNK), b""))  # one read may bring a part of it
        body.finish()
        return strict_json.loads_flat(raw)


class FormParser(BaseParser):
    """multipart/form-data (RFC 7578) with one file."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> DataAndFiles:
        meta = {**parser_context["request"].META, "CONTENT_TYPE": media_type}
        limit = settings.MAX_UPLOAD_BYTES
        body = Body(stream, meta=meta, limit=limit + FORM_BYTES, what="request")
        handler = IncomingHandler(limit=limit)
        try:
            parser = _NamedMultiPartParser(meta, body, [handler], "utf-8")  # type: ignore[arg-type]
            data, files = parser.parse()
            body.finish()
            parser.assert_ended(body)
        except MultiPartParserError as error:
            handler.discard()
            raise Invalid(f"The form cannot be read: {error}", code="malformed_form") from error
        except BaseException:
            handler.discard()
            raise
        return DataAndFiles(data, files)


class _NamedMultiPartParser(DjangoMultiPartParser):
    """Refuses what Django would drop or bend without a word: a file's name, a form's end."""

    def assert_ended(self, body: Body) -> None:
        border: bytes = self._boundary  # type: ignore[attr-defined]
        if b"--" + border + b"--" not in body.tail:
            raise MultiPartParserError("its last border is missing.")

    def sanitize_file_name(self, file_name: str) -> str:
        steps = re.split(r"[/\\]", file_name)
        name = super().sanitize_file_name(file_name)
        if name is None or ".." in steps or "\x00" in file_name:
            raise Invalid(
                "The file's name is empty or leads out of its folder. Send a plain name.",
                pointer="/file",
                code="invalid_filename",
            )
        return name


class IncomingHandler(FileUploadHandler):
    """Writes what arrives straight to where blobs wait for their name."""

    def __init__(self, *, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.incoming: list[Incoming] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.incoming:
            raise Invalid(
                "The form has more than one file. Send one request for each.",
                pointer="/file",
                code="too_many_files",
            )
        self.incoming.append(Incoming(limit=self.limit))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.incoming[-1].write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        incoming = self.incoming[-1]
        incoming.upload_name = self.file_name or ""
        incoming.upload_type = self.content_type or ""
        # As it stands in the header: bytes, and any.
        charset = force_str(self.charset or "", errors="replace")
        incoming.upload_charset = charset if charset.isprintable() else ""
        return incoming

    def discard(self) -> None:
        for incoming in self.incoming:
            incoming.close()
