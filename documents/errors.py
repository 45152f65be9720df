"""What a caller can do wrong, each with a stable code. The edge chooses status or exit code."""

from typing import Any


class DocumentError(Exception):
    """A refusal: what happened, what to do next, and where in the input it lies."""

    code = "document_error"

    def __init__(self, detail: str, *, pointer: str | None = None, code: str = "") -> None:
        super().__init__(detail)
        self.detail, self.pointer, self.code = detail, pointer, code or self.code
        # What else a program may want to know, by name.
        self.members: dict[str, Any] = {}


class Invalid(DocumentError):
    """The input cannot be taken as it is."""

    code = "invalid"


class EmptyContent(Invalid):
    code = "empty_content"

    def __init__(self, *, pointer: str | None = None) -> None:
        super().__init__("The content has 0 bytes; there is nothing to keep.", pointer=pointer)


class IncompleteBody(Invalid):
    code = "incomplete_body"

    def __init__(self, *, announced: int, received: int) -> None:
        super().__init__(
            f"Content-Length announced {announced} bytes and {received} arrived. "
            "Nothing was kept; send it again."
        )


class DigestMismatch(Invalid):
    code = "digest_mismatch"

    def __init__(self, *, expected: str, found: str, what: str, pointer: str | None = None) -> None:
        super().__init__(
            f"The {what} says {expected}, and what arrived has {found}. "
            "Nothing was kept; send it again.",
            pointer=pointer,
        )


class TooLarge(DocumentError):
    code = "too_large"

    def __init__(self, *, limit: int, what: str) -> None:
        super().__init__(f"The {what} is larger than {limit:,} bytes, the most that is accepted.")
        self.limit = limit


class LengthRequired(DocumentError):
    code = "length_required"

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail
            or "The request has no Content-Length. Send the length; chunked bodies are not read "
            "here."
        )


class UnsupportedMedia(DocumentError):
    code = "unsupported_media_type"


class Duplicate(DocumentError):
    code = "duplicate"

    def __init__(self, document_id: object) -> None:
        super().__init__(
            f"You have this content already, as document {document_id}. "
            "Without on_duplicate=reject the answer is that document."
        )
        self.members = {"document": str(document_id)}


class NotFailed(DocumentError):
    code = "not_failed"

    def __init__(self, state: str) -> None:
        super().__init__(f"Only a failed document can be tried again; this one is {state}.")


class NotReady(DocumentError):
    code = "not_ready"

    def __init__(self, state: str, error_detail: str) -> None:
        if state == "failed":
            super().__init__(f"There is no text: {error_detail} The original is at file/.")
        else:
            super().__init__(f"The text is not there yet: the document is {state}. Ask again soon.")


class PreconditionFailed(DocumentError):
    code = "precondition_failed"

    def __init__(self) -> None:
        super().__init__(
            "The document has changed since the ETag in If-Match. Get it again, then decide."
        )


class StorageUnavailable(DocumentError):
    code = "storage_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The storage cannot take it now ({reason}). Nothing was kept; try later.")


class BytesMissing(DocumentError):
    code = "blob_missing"

    def __init__(self) -> None:
        super().__init__(
            "The original is missing from the storage. Send the file again to put it back."
        )


class NotAllowed(DocumentError):
    code = "not_allowed"


class RangeNotSatisfiable(DocumentError):
    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"The range lies outside of the file, which has {size} bytes.")
        self.size = size


class NoneKept(DocumentError):
    code = "none_kept"

    def __init__(self, lines: int) -> None:
        super().__init__(
            f"None of the {lines:,} lines was kept; `errors` says why. Mend them, and send them "
            "again."
        )
