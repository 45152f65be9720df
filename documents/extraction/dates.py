"""A date in the spelling of its format → ISO 8601."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_DATE = 100
_DAY = re.compile(r"\d{4}(-\d\d){0,2}")


def iso_date(text: str) -> str:
    """Of ISO 8601, also a year or month alone, or of mails and feeds; empty where it is none."""
    text = " ".join(text[:MAX_DATE].split())
    if _DAY.fullmatch(text):
        return text if _from_iso(f"{text}-01-01"[:10]) else ""
    found = _from_iso(text) or _from_mail(text)
    return found.isoformat() if found else ""


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_mail(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # "-0000" says: in UTC, and the sender's own zone is not told.
    return found if found.tzinfo else found.replace(tzinfo=UTC)
