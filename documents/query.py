"""What somebody searches for: first as it was written, then as PostgreSQL reads it."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from accounts.prepared import Prepared
from documents.errors import Invalid
from documents.indexing import CONFIG, MARKUP

MAX_CHARACTERS = 2000
# A word or a "phrase", after whatever else stands there: a minus there excludes it.
TERM = re.compile(r'(?P<before>[^\w"]*)(?P<term>"[^"]*"?|\w[^\s"]*)')
READ = Prepared(
    "read_search", (Path(__file__).parent / "read_search.sql").read_text(), types=("text",) * 4
)
# In the text of a tsquery: a lexeme, or the distance between two words of a phrase.
LEXEME = re.compile(r"'((?:[^']|'')*)'")
LEXEME_OR_DISTANCE = re.compile(LEXEME.pattern + r"|<(?:-|\d+)>")
ESTIMATE = "EXPLAIN (FORMAT JSON) SELECT FROM passages WHERE search @@ %s::tsquery"


@dataclass(frozen=True)
class Query:
    """A search in two parts: what a passage must have, what a document must not."""

    wanted: str
    excluded: str

    @classmethod
    def read(cls, text: str) -> "Query":
        """Websearch syntax: words, "a phrase", or, -without. Raises Invalid."""
        if len(text) > MAX_CHARACTERS:
            raise Invalid(
                f"The search is longer than {MAX_CHARACTERS:,} characters. Name fewer words.",
                pointer="/q",
                code="query_too_long",
            )
        terms = [match for match in TERM.finditer(text) if "-" in match["before"]]
        excluded = " or ".join('"' + match["term"].strip('"') + '"' for match in terms)
        wanted = TERM.sub(lambda match: " " if "-" in match["before"] else match[0], text)
        if not wanted.strip("- "):
            raise Invalid(
                "The search names no word to look for. Write at least one word without a minus.",
                pointer="/q",
                code="empty_query",
            )
        return cls(wanted, excluded)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The two parts as texts of tsqueries, and what the database knows at this moment."""

    wanted: str
    """Empty where all the words are too common to be kept, like "the"."""
    excluded: str
    lag_seconds: float
    """Age of the oldest document that waits to be indexed; 0 when search is up to date."""
    is_reindexing: bool
    """Some document may be found by words that it had before."""
    passages: float
    """How many there are, about."""

    @classmethod
    def of(cls, query: Query) -> "Terms":
        [row] = READ.rows(
            CONFIG, without_markup(query.wanted), CONFIG, without_markup(query.excluded)
        )
        wanted, excluded, lag, is_reindexing, passages = row
        return cls(
            wanted=wanted,
            excluded=excluded,
            lag_seconds=round(lag or 0.0, 3),
            is_reindexing=is_reindexing,
            passages=passages,
        )

    @property
    def together(self) -> str:
        """The same words in any order, for an index that knows nothing of their order."""
        return LEXEME_OR_DISTANCE.sub(lambda m: "&" if m[0].startswith("<") else m[0], self.wanted)

    @property
    def is_ordered(self) -> bool:
        """Whether there is a phrase among them."""
        return self.together != self.wanted

    def estimated_share(self) -> float:
        """Which part of all passages has the words in any order, as the planner believes.

        It knows how common the common words are. Of others it knows that they are rarer than
        those: it says 0.005, or 0.01 for either of two.
        """
        with connection.cursor() as cursor:
            cursor.execute(ESTIMATE, [self.together])
            [[plan]] = cursor.fetchone()
        return float(plan["Plan"]["Plan Rows"] / self.passages) if self.passages > 0 else 1.0


def without_markup(text: str) -> str:
    return text.translate(str.maketrans(MARKUP, " " * len(MARKUP)))
