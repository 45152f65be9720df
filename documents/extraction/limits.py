"""How much reading one document may take: memory, time, and what comes out of it."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Generous to real documents; those that run into one of these are ended, and fail."""

    memory_bytes: int = 1024 * MIB
    """Address space, the interpreter's own 100 MiB or so included."""
    quiet_seconds: float = 60
    """Without a sign of life; a large file may take longer to its first one."""
    total_seconds: float = 300
    seconds_per_page: float = 1
    seconds_per_mib: float = 1
    most_seconds: float = 3600
    """However large it is, and however many pages it says it has."""
    characters: int = 100_000_000
    characters_per_byte: int = 4
    """More for a large original: what it holds uncompressed must always fit."""
    pages: int = 1_000_000
    parts: int = 10_000
    part_bytes: int = 4096 * MIB
    """Of all parts together."""

    def seconds_for(self, *, size: int, pages: int) -> float:
        seconds = self.total_seconds
        seconds += pages * self.seconds_per_page + size / MIB * self.seconds_per_mib
        return min(seconds, self.most_seconds)

    def quiet_seconds_for(self, *, size: int) -> float:
        """Some have to be read to their end before the first word is known: 20 MiB a second."""
        return self.quiet_seconds + size / (20 * MIB)

    def characters_for(self, *, size: int) -> int:
        return max(self.characters, size * self.characters_per_byte)
