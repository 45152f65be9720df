"""How much may come out of a file: a bomb is a small file that becomes a large one.

What a file says of itself is not believed; what comes out is counted while it comes.
"""

from documents.extraction.original import Unreadable

# Deflate reaches 1032:1. Office documents stay below 50:1, tables of equal rows included.
MAX_RATIO = 200
# A small file may be dense, and what it becomes is still small.
ALWAYS_ALLOWED = 64 * 1024 * 1024
NEVER_ALLOWED = 4 * 1024 * 1024 * 1024


class Allowance:
    """Bytes or characters that a file of this size may still become."""

    def __init__(self, *, size: int) -> None:
        self.size = size
        self.most = min(max(ALWAYS_ALLOWED, size * MAX_RATIO), NEVER_ALLOWED)
        self.left = self.most

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise Unreadable(
                "bomb",
                f"This file has {self.size:,} bytes and becomes more than {self.most:,} when it "
                "is opened, as files do that are made to exhaust a reader. The original is kept; "
                "if it is genuine, save it anew or split it and send that.",
            )
