"""What a run tells while it is under way. This one keeps silent; the command's prints."""

from collections.abc import Sequence

from django.db.migrations.operations.base import Operation

from ingestion.schema.journal import Entry
from ingestion.schema.locks import Holder
from ingestion.schema.plan import Key, Step


class Progress:
    """Each method is one event; overriding one is enough to hear of it."""

    def waits(self, holder: Holder, waited: float) -> None:
        """For another migrator, whose lock it is; seconds so far."""

    def starts(self, step: Step) -> None: ...

    def ends(self, step: Step, seconds: float) -> None: ...

    def stops(self) -> None:
        """The run is over before its end."""

    def retries(self, reason: str, blockers: Sequence[str], attempt: int, pause: float) -> None:
        """After a lock timeout or a deadlock; it tries again in `pause` seconds."""

    def goes_on(self, step: Step) -> None:
        """A migration that was killed in the middle is taken up."""

    def runs_again(self, what: str) -> None:
        """It may have been done before the kill; nobody can know."""

    def is_there(self, statement: str) -> None:
        """An index that was to be made exists, whole and of the same shape."""

    def repairs(self, statement: str) -> None:
        """Something broken that a kill has left is removed first."""

    # What a script is made of.

    def operates(self, step: Step, operation: Operation) -> None: ...

    def operated(self) -> None: ...

    def executes(self, statement: str) -> None: ...

    def records(self, key: Key, *, added: bool) -> None: ...

    def notes(self, entry: Entry) -> None: ...
