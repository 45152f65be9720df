"""Moments and durations, as people read them."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def lasting(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def counted(number: int, noun: str) -> str:
    """ "1 migration", "2 migrations", "1,000 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def brief(milliseconds: float) -> str:
    """ "<1 ms", "12 ms", "3.21 s", "2 min 5 s"."""
    if milliseconds < 1:
        return "<1 ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 999.5 else lasting(round(milliseconds))


def size(number: float) -> str:
    """As PostgreSQL writes sizes: a kB is 1024 bytes."""
    rest, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if abs(rest) < 1024:
            break
        rest, unit = rest / 1024, larger
    return f"{rest:.0f} {unit}" if unit == "bytes" or abs(rest) >= 10 else f"{rest:.1f} {unit}"
