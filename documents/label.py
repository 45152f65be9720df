"""What the caller says about a content."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Label:
    """What the caller says about the content; already checked."""

    title: str = ""
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    content_type: str = "text/plain"
    # The charset parameter of the declared media type, and the file's name, where there were any.
    charset: str = ""
    filename: str = ""
    # Of a document that was found inside another: its id, and how many levels deep.
    part_of: str = ""
    depth: int = 0

    @property
    def hints(self) -> dict[str, str | int]:
        """What extraction and download want to know; the start of `extracted`."""
        said: dict[str, str | int] = {
            "declared_charset": self.charset[:50],
            "filename": self.filename[:255],
            "part_of": self.part_of,
            "depth": self.depth,
        }
        return {name: value for name, value in said.items() if value}
