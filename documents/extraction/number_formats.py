"""What a number in a cell means: Excel keeps dates and percentages as numbers with a format."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum


class Meaning(Enum):
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DURATION = "duration"
    PERCENTAGE = "percentage"


# The formats that every program knows by number; 27 to 36 and 50 to 58 are East Asian dates.
_BUILT_IN = {
    **dict.fromkeys((9, 10), Meaning.PERCENTAGE),
    **dict.fromkeys((14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)), Meaning.DATE),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), Meaning.TIME),
    46: Meaning.DURATION,
}
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
# Quoted words, escaped characters, colours and conditions, AM/PM, and General.
_NO_FIELDS = re.compile(
    r'"[^"]*"?|[\\_*].|\[[^\]]*\]?|am/pm|a/p|general', re.IGNORECASE | re.DOTALL
)

MAX_DIGITS = 400
_SECONDS_A_DAY = 86_400
_FIRST_DAY = datetime(1899, 12, 30)
_FIRST_DAY_1904 = datetime(1904, 1, 1)
# Excel counts a 29 February 1900, which never was: day 60.
_NEVER_WAS = 60
_LAST_DAY = 2_958_465  # 31 December 9999


def index(text: str) -> int:
    """A position as the file writes it; -1 for what is none."""
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def meaning_of(number: int, *, code: str = "") -> Meaning:
    """Of a format's number and, if it is the file's own, its code."""
    if not code:
        return _BUILT_IN.get(number, Meaning.NUMBER)
    first = code[:1_000]
    if _ELAPSED.search(first):
        return Meaning.DURATION
    fields = set(_NO_FIELDS.sub("", first).partition(";")[0].lower())
    if fields & {"d", "y"} or ("m" in fields and not fields & {"h", "s"}):
        return Meaning.DATE
    if fields & {"h", "s"}:
        return Meaning.TIME
    return Meaning.PERCENTAGE if "%" in fields else Meaning.NUMBER


def written(value: str, *, meaning: Meaning, from_1904: bool = False) -> str | None:
    """The number as a person would type it, dates as ISO; None for what is no number."""
    if meaning is Meaning.NUMBER and value.isdecimal() and len(value) <= MAX_DIGITS:
        return value
    try:
        number = float(value if len(value) <= MAX_DIGITS else "")
    except ValueError:
        return None
    if meaning is Meaning.PERCENTAGE:
        return f"{_decimal(number * 100)}%"
    if meaning is Meaning.NUMBER or not 0 <= number <= _LAST_DAY:
        return _decimal(number)
    if meaning is Meaning.DURATION:
        return _duration(number)
    return _date(number, meaning=meaning, from_1904=from_1904)


def _decimal(number: float) -> str:
    """Excel shows 15 digits: 0.30000000000000004 was typed as 0.3."""
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text and 1e-10 < abs(number) < 1e21 else text


def _duration(days: float) -> str:
    minutes, seconds = divmod(round(days * _SECONDS_A_DAY), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _date(number: float, *, meaning: Meaning, from_1904: bool) -> str:
    """A date, a time, or both with a space between: so they are searched by themselves."""
    since = timedelta(seconds=round(number * _SECONDS_A_DAY))
    if number < 1 and (meaning is Meaning.TIME or number):
        return (_FIRST_DAY + since).strftime("%H:%M:%S")
    first = _FIRST_DAY_1904 if from_1904 else _FIRST_DAY
    if not from_1904 and number < _NEVER_WAS:
        since += timedelta(days=1)
    try:
        date = first + since
    except OverflowError:  # 1904 and a day near the end of the year 9999
        return _decimal(number)
    is_whole = date.hour == date.minute == date.second == 0
    return date.date().isoformat() if is_whole else date.isoformat(sep=" ")
