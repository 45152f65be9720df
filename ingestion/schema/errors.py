"""Everything this tool refuses: what happened, what to do next, and the exit code."""

import re
import reprlib
from collections.abc import Iterable

ALEMBIC = {"base": "zero", "heads": "head"}


class SchemaError(Exception):
    """A refusal. `message` says what, `hint` what to do; both are whole sentences for a person."""

    exit_code = 2
    """0 done, 1 there is something to see, 2 could not or would not."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


def listed(names: Iterable[str], *, most: int = 8) -> str:
    """ "a, b and 3 more": the names of a refusal, so that it stays one sentence."""
    known = list(names)
    shown = known if len(known) <= most else known[: most - 1]
    rest = len(known) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


# --- What cannot be read -------------------------------------------------------------------


class UnknownTarget(SchemaError):
    @classmethod
    def app(cls, word: str, name: str | None) -> "UnknownTarget":
        if word in ALEMBIC:
            return cls(
                f"There is no app '{word}'.",
                hint=f"Alembic's {word} is: manage.py migrate {ALEMBIC[word]}",
            )
        if label := re.fullmatch(r"(\w+)[.:](\w+)", word):
            return cls(
                f"There is no app with the label '{word}'.",
                hint=f"App and name are two words: manage.py migrate {label[1]} {label[2]}",
            )
        if word in {"head", "zero"} or word[:1] in {"+", "-"}:
            return cls(
                f"'{word} {name}' says two things.",
                hint=f"The app comes first: manage.py migrate {name} {word}",
            )
        return cls(
            f"There is no app with the label '{word}'.",
            hint="See what there is with: manage.py schema status",
        )

    @classmethod
    def empty(cls, app: str) -> "UnknownTarget":
        return cls(
            "The name of the migration is empty.",
            hint=f"See what there is with: manage.py schema history {app}",
        )

    @classmethod
    def steps(cls, word: str) -> "UnknownTarget":
        return cls(
            f"'{word}' is not a number of migrations.",
            hint="Write +1, +2 … to go on and -1, -2 … to go back.",
        )


class UnknownApp(SchemaError):
    def __init__(self, app: str, apps: list[str]) -> None:
        super().__init__(
            f"There is no app with the label '{app}'.",
            hint=f"Those that have migrations are {listed(apps, most=30)}.",
        )
        self.app, self.apps = app, apps


# --- What cannot be resolved ---------------------------------------------------------------


class NoSuchMigration(SchemaError):
    def __init__(self, app: str, prefix: str, names: list[str]) -> None:
        if not names:
            super().__init__(
                f"The app '{app}' has no migrations.",
                hint=f"Make the first one with: manage.py makemigrations {app}",
            )
        else:
            super().__init__(
                f"No migration of {app} begins with '{prefix}'.",
                hint=f"Alembic's base is: manage.py migrate {app} zero"
                if prefix == "base"
                else f"There are: {listed(names)}",
            )
        self.app, self.prefix, self.names = app, prefix, names


class Ambiguous(SchemaError):
    def __init__(self, app: str, prefix: str, found: list[str]) -> None:
        super().__init__(
            f"{len(found)} migrations of {app} begin with '{prefix}'.",
            hint=f"Write more of the name: {listed(found)}",
        )
        self.app, self.prefix, self.found = app, prefix, found


class StepsRunOut(SchemaError):
    def __init__(self, app: str | None, *, asked: int, available: int, forwards: bool) -> None:
        whose = app or "The project"
        word = f"{app} " if app else ""
        left = "to apply" if forwards else "to undo"
        count = f"only {available} migration(s)" if available else "no migration"
        verb, everything = ("Apply", "head") if forwards else ("Undo", "zero")
        super().__init__(
            f"{whose} has {count} {left}, and {asked} were asked for.",
            hint=f"{verb} all of them with: manage.py migrate {word}{everything}"
            if available
            else "See where it stands with: manage.py schema status",
        )
        self.app, self.asked, self.available = app, asked, available


class HasDependents(SchemaError):
    def __init__(
        self, key: tuple[str, str], staying: list[tuple[str, str]], *, before: str
    ) -> None:
        app, name = key
        super().__init__(
            f"{app}.{name} cannot be undone alone: {listed('.'.join(k) for k in staying)} "
            f"{'need' if len(staying) > 1 else 'needs'} it.",
            hint=f"Undo what depends on it first, or name a target of {app}, which takes that "
            f"along: manage.py migrate {app} {before}",
        )
        self.key, self.staying = key, staying


class NeedsOthers(SchemaError):
    def __init__(self, key: tuple[str, str], missing: list[tuple[str, str]]) -> None:
        app, name = key
        super().__init__(
            f"{app}.{name} cannot be applied alone: "
            f"it needs {listed('.'.join(k) for k in missing)}.",
            hint=f"Apply it with what it needs: manage.py migrate {app} {name}",
        )
        self.key, self.missing = key, missing


class FileIsMissing(SchemaError):
    def __init__(self, key: tuple[str, str]) -> None:
        app, name = key
        super().__init__(
            f"{app}.{name} is applied, and its file is not here.",
            hint="Go to the branch that has the file and undo it there, or, if its changes are to "
            f"stay, forget it with: manage.py migrate {app} --prune",
        )
        self.key = key


class Irreversible(SchemaError):
    def __init__(self, stuck: list[tuple[str, str]]) -> None:
        what = listed(f"{migration} ({operation})" for migration, operation in stuck)
        super().__init__(
            f"Nothing was touched: there is no way back from {what}.",
            hint="Give the operation a reverse (reverse_code, reverse_sql), or restore a backup.",
        )
        self.stuck = stuck


class TwoHeads(SchemaError):
    def __init__(self, conflicts: dict[str, list[str]]) -> None:
        app = next(iter(conflicts))
        what = "; ".join(f"{label}: {listed(names)}" for label, names in conflicts.items())
        super().__init__(
            f"Conflicting migrations: {what} are all last in their app.",
            hint=f"Put one after the other with: manage.py rebase_migration {app}, or keep both "
            "with: manage.py makemigrations --merge",
        )
        self.conflicts = conflicts


class InconsistentHistory(SchemaError):
    def __init__(self, key: tuple[str, str], parent: tuple[str, str]) -> None:
        super().__init__(
            f"{'.'.join(key)} is applied, and {'.'.join(parent)}, which it needs, is not.",
            hint="Find the state that the tables are really in with: manage.py schema adopt",
        )
        self.key, self.parent = key, parent


class BrokenFile(SchemaError):
    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"A migration cannot be read: {where}: {why}.",
            hint="Mend the file; nothing was touched.",
        )


# --- What cannot be done now ---------------------------------------------------------------


class AnotherMigrator(SchemaError):
    def __init__(self, holder: object, *, waited: float) -> None:
        super().__init__(
            f"Another migration is running: {holder or 'it has just ended'}; "
            f"waited {waited:.0f} s.",
            hint="Nothing was changed. Run this again when it is done, or wait longer with "
            "--lock-wait SECONDS.",
        )
        self.holder, self.waited = holder, waited


class LockLost(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The connection was closed in the middle, and with it the lock on migrations.",
            hint="Connect without a pooler, keep migrations from closing the connection, and run "
            "migrate again: what was recorded is kept.",
        )


class BehindPooler(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The database is reached through a transaction pooler, where locks of a session "
            "do not work.",
            hint="Nothing was changed. Run migrate with DATABASE_URL leading straight to the "
            "server, not to the pooler.",
        )


class NotPostgres(SchemaError):
    def __init__(self, alias: str, vendor: str) -> None:
        super().__init__(
            f"The database '{alias}' is {vendor}, and this tool knows PostgreSQL only.",
            hint="Name another one with --database.",
        )


class MayNotCreateDatabases(SchemaError):
    def __init__(self, role: str, *, quoted: str) -> None:
        super().__init__(
            f"The role {role} may not create databases, and this needs an empty one for a while.",
            hint=f"Let an administrator of the server run: ALTER ROLE {quoted} CREATEDB",
        )
        self.role = role


class NoRoomForScratch(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The server's disk is too full for the empty database that this needs for a while.",
            hint="Free about 10 MB there, and run this again.",
        )


class ScratchStays(SchemaError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"The database {name}, which was only needed for a while, cannot be dropped: {why}.",
            hint="The next use drops it. Mostly the server's disk is full: free some of it, and "
            "run this again.",
        )
        self.name = name


class StillBlocked(SchemaError):
    def __init__(self, where: str, reason: str, blockers: list[str], *, seconds: int) -> None:
        who = f" The table is held by {listed(blockers)}." if blockers else ""
        super().__init__(
            f"{where} still meets a {reason} after {seconds} s of trying, and was rolled back."
            f"{who}",
            hint="End what holds the table (SELECT pg_terminate_backend(PID)), or try at a quieter "
            "hour: manage.py migrate goes on from here.",
        )
        self.where, self.reason, self.blockers = where, reason, blockers


class GroupNotAtomic(SchemaError):
    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"--group is one transaction, in which {listed(names)} cannot be.",
            hint="Nothing was changed. Apply what comes before without --group, or leave it out.",
        )
        self.names = names


class HalfDoneElsewhere(SchemaError):
    def __init__(self, name: str, *, backwards: bool, is_gone: bool = False) -> None:
        app, _, migration = name.partition(".")
        half = "half undone" if backwards else "half applied"
        finish = (
            f"undo it to its end with: manage.py migrate {app} -1"
            if backwards
            else f"finish it with: manage.py migrate {app} {migration}"
        )
        bring_back = (
            "bring the file back (the commit that took it away is named by: git log "
            f"--diff-filter=D --all -- '*/{migration}.py'), then "
        )
        super().__init__(
            f"{name} is {half}: a run was stopped in the middle of it"
            f"{', and its file is gone' if is_gone else ''}.",
            hint=f"Nothing was changed. First {bring_back if is_gone else ''}{finish}",
        )
        self.name, self.backwards, self.is_gone = name, backwards, is_gone


class BreaksTransaction(SchemaError):
    def __init__(self, name: str, statement: str) -> None:
        word = statement.split(maxsplit=1)[0].upper()
        super().__init__(
            f"{name} ends the transaction that it is in with {word}, and was rolled back.",
            hint="Take the statement out, or set atomic = False in the migration.",
        )
        self.name, self.statement = name, statement


class MigrationFailed(SchemaError):
    def __init__(self, what: str, why: str, *, state: str, hint: str) -> None:
        super().__init__(f"{what} failed: {why}. {state}", hint=hint)


class ConnectionLost(SchemaError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"The connection to the server was lost during {what}.",
            hint="What was not recorded is rolled back. Run migrate again when the server is "
            "there: it goes on from what was recorded.",
        )


# --- What would lose something -------------------------------------------------------------


class DataWouldBeLost(SchemaError):
    def __init__(self, losses: list[str], *, state: str = "Nothing was changed.") -> None:
        super().__init__(
            f"Undoing this would lose {listed(losses)}.",
            hint=f"{state} If that is meant, add --accept-data-loss.",
        )
        self.losses = losses


class NothingToUndo(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The journal knows of no run that could be undone.",
            hint="Undo by number or by name: manage.py migrate -1, manage.py migrate APP NAME",
        )


class ChangedSince(SchemaError):
    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"{listed(names)} changed after that run, without an entry in the journal.",
            hint="Nothing was changed. Look at manage.py schema status and name the target.",
        )


class PlanChanged(SchemaError):
    def __init__(self, holder: object = None) -> None:
        super().__init__(
            "Another run has changed what is applied while this one waited for it.",
            hint="Nothing was changed. Look at manage.py schema status, and say it again.",
        )


class TwoWishes(SchemaError):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(
            f"{first} and {second} do not go together.",
            hint="See what does with: manage.py migrate --help",
        )


class CannotPrune(SchemaError):
    def __init__(self, names: list[str]) -> None:
        verb = "name" if len(names) > 1 else "names"
        super().__init__(
            f"{listed(names)} still {verb} them in `replaces`, and may not be applied.",
            hint="Nothing was changed. Run migrate, take `replaces` out of the file, then prune.",
        )
        self.names = names


class AnotherIndexIsThere(SchemaError):
    def __init__(self, name: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"There is an index {name} already, and it is another one: "
            f"expected {expected}, found {found}.",
            hint=f"Rename it, or drop it with DROP INDEX CONCURRENTLY {name}, then migrate again.",
        )
        self.name, self.expected, self.found = name, expected, found


class IndexIsBeingBuilt(SchemaError):
    def __init__(self, name: str, *, pid: int) -> None:
        super().__init__(
            f"The index {name} is being built at this moment, by process {pid} of the server.",
            hint="Wait until it is done, or end it with "
            f"SELECT pg_terminate_backend({pid}), then migrate again.",
        )
        self.name, self.pid = name, pid


class NotAsMigrated(SchemaError):
    def __init__(self, things: list[str]) -> None:
        super().__init__(
            f"The tables of this database are not what its migrations make: {listed(things)}.",
            hint="A script for it would be wrong. Put them right first, as manage.py schema drift "
            "says, or say what the script is to start from with --from STATE.",
        )
        self.things = things


class NoScript(SchemaError):
    """What is to become a script does not run on the scratch database."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"There can be no script: on the empty database that it is made on, {where} failed: "
            f"{why}.",
            hint="Nothing was changed. Mend the migration so that it also runs where no rows are.",
        )
        self.where, self.why = where, why


class TablesLocked(SchemaError):
    def __init__(self, *, waited: int, otherwise: str = "") -> None:
        longer = "wait longer with --lock-wait SECONDS"
        ways = f", {longer}, or {otherwise}" if otherwise else f", or {longer}"
        super().__init__(
            "Somebody is changing the tables, and what they are cannot be read; "
            f"waited {waited} s.",
            hint=f"Nothing was changed. Run this again when it is done{ways}.",
        )
        self.waited = waited


class NotInSQL(SchemaError):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"There can be no script: {where} speaks to the database past the schema editor "
            f"({what}).",
            hint="Nothing was changed. Let it use schema_editor.execute, or say reduces_to_sql = "
            "False in the operation: then the script names what it leaves out.",
        )
        self.where, self.what = where, what


class UnreadableState(SchemaError):
    def __init__(self, word: str, why: str) -> None:
        super().__init__(
            f"The state '{word}' cannot be read: {why}.",
            hint="Write zero, head, or APP:NAME with commas between.",
        )


# --- What cannot be adopted ----------------------------------------------------------------


class FitsNoState(SchemaError):
    def __init__(self, count: int) -> None:
        things = "one thing differs" if count == 1 else f"{count} things differ"
        super().__init__(
            "No state of the migrations has just the tables that this database has: "
            f"{things} from the nearest one.",
            hint="Nothing was changed. Put right what differs, then: manage.py schema adopt",
        )
        self.count = count


class CannotReplay(SchemaError):
    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The migrations do not run on an empty database, which is how states are told: "
            f"{where} failed: {why}.",
            hint="Nothing was changed. Mend the migration so that it also runs where no rows are.",
        )
        self.where, self.why = where, why


class ChangedMeanwhile(SchemaError):
    def __init__(self, things: list[str]) -> None:
        super().__init__(
            f"The tables were changed while they were looked at: {listed(things)}.",
            hint="Nothing was marked. When nobody changes them any more: manage.py schema adopt",
        )
        self.things = things


# --- What drift cannot tell ----------------------------------------------------------------


class NoReason(SchemaError):
    def __init__(self, pattern: str) -> None:
        super().__init__(
            f"'{pattern}' is to be ignored, and nobody says why.",
            hint="Give each pattern its reason: --ignore 'table audit_*=made by the audit tool', "
            'or {pattern: reason} in SCHEMA["DRIFT_IGNORE"] of the settings.',
        )
        self.pattern = pattern


class OnlyReads(SchemaError):
    def __init__(self, *, is_replica: bool) -> None:
        who = "This server is a replica" if is_replica else "This role only reads"
        where = "on the primary" if is_replica else "as a role that may write"
        super().__init__(
            f"{who}, and this takes an empty database for a while.",
            hint=f"Run it {where}. What `schema drift` finds out there is kept in "
            'SCHEMA["CACHE_DIR"] of the settings, and can be read from there with the same code.',
        )


class DriftFound(SchemaError):
    def __init__(self, things: list[str]) -> None:
        super().__init__(
            f"The database is not what its applied migrations make: {listed(things)}.",
            hint="Nothing was changed. See what differs, and what repairs it, with: "
            "manage.py schema drift",
        )
        self.things = things


class KeepsChanging(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "What is applied changed each time it was looked at: something migrates without the "
            "lock that this tool takes.",
            hint="Run this again when that is done.",
        )


# --- What cannot be rehearsed --------------------------------------------------------------


class NoProgramsToCopy(SchemaError):
    def __init__(self, needed: int, *, found: list[int]) -> None:
        versions = " and ".join(f"{major}" for major in found)
        there = f"those found are of {versions}" if found else "none were found"
        super().__init__(
            f"A copy with all data takes pg_dump and pg_restore of PostgreSQL {needed} or newer; "
            f"{there}.",
            hint=f"Install them (Debian and Ubuntu: apt install postgresql-client-{needed}), or "
            "rehearse on empty tables: --schema-only",
        )
        self.needed, self.found = needed, found


class MayNotReadAll(SchemaError):
    """Of the data, or already of the record of migrations."""

    def __init__(self, role: str, why: str, *, cure: str, is_for_data: bool = True) -> None:
        owner = "Run this as the role that owns the tables"
        hint = f"{owner}, or {cure}"
        if is_for_data:
            hint = f"{owner}, {cure}, or rehearse on empty tables: --schema-only"
        super().__init__(
            f"The role {role} may not read all that is to be copied: {why}.", hint=hint
        )
        self.role = role


class NoRoomForCopy(SchemaError):
    def __init__(self, size: int) -> None:
        super().__init__(
            "The server's disk is too full for a copy of the database with all data, and for what "
            "the migrations need there. The copy is dropped, at the latest by the next rehearsal.",
            hint=f"The live one has {size / 1e6:,.0f} MB; free about twice as much, or rehearse on "
            "empty tables: --schema-only",
        )
        self.size = size


class NoTemporaryFolder(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "There is no folder for temporary files that may be written, and copying takes one.",
            hint="Name one in TMPDIR, or give the container one: docker run --tmpfs /tmp",
        )


class LiveTablesLocked(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "Somebody is changing the tables of the live database, which cannot be copied "
            "meanwhile.",
            hint="Run this again when it is done, or wait longer with --lock-wait SECONDS.",
        )


class CannotCopy(SchemaError):
    def __init__(self, program: str, why: str) -> None:
        super().__init__(
            f"The database cannot be copied: {program} says: {why.rstrip('.')}.",
            hint="The copy is dropped. Put that right, or rehearse on empty tables: --schema-only",
        )
        self.program, self.why = program, why


class NeedsOtherPrograms(SchemaError):
    """Those that come with the embedded server know no SSL."""

    def __init__(self, program: str, why: str, major: int) -> None:
        super().__init__(
            f"The database cannot be copied: {program} says: {why.rstrip('.')}.",
            hint=f"Install those of your system (Debian and Ubuntu: apt install "
            f"postgresql-client-{major}), or rehearse on empty tables: --schema-only",
        )


class CannotRehearse(SchemaError):
    """The migrations that are applied do not run on an empty database."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The state to start from cannot be made on an empty database: {where} failed: {why}.",
            hint="Rehearse with all data, without --schema-only, or mend the migration so that it "
            "also runs where no rows are.",
        )
        self.where, self.why = where, why


class CopyOnlyReads(SchemaError):
    def __init__(self, *, is_replica: bool) -> None:
        who = "This server is a replica" if is_replica else "This role only reads"
        where = "Run it on the primary" if is_replica else "Run it as a role that may write"
        super().__init__(
            f"{who}, and a rehearsal makes a database for a while.",
            hint=f"{where}; the live database itself is not written to.",
        )


class RehearsalLost(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The connection to the server was lost during the rehearsal.",
            hint="The live database was not changed. See the server's log: where a full disk ended "
            "it, make room first. The copy goes with the next rehearsal.",
        )


class UnreadableBudget(SchemaError):
    def __init__(self, word: str, examples: str) -> None:
        super().__init__(
            f"'{word}' is no amount that can be compared.",
            hint=f"Write a number and its unit: {examples}.",
        )
        self.word = word


class RehearsalInterrupted(SchemaError):
    exit_code = 130

    def __init__(self) -> None:
        super().__init__(
            "Interrupted.", hint="The copy is dropped; the live database was not changed."
        )


# --- What cannot be linted -----------------------------------------------------------------


class SquawkIsMissing(SchemaError):
    def __init__(self) -> None:
        super().__init__(
            "The program squawk is not installed beside this Python.",
            hint="Get it with: pip install squawk-cli",
        )


class SquawkFailed(SchemaError):
    def __init__(self, why: str) -> None:
        super().__init__(
            f"The program squawk did not answer as expected: {why}.",
            hint="Install the version that requirements.txt names.",
        )


class NoGitCheckout(SchemaError):
    def __init__(self, folder: str, why: str) -> None:
        super().__init__(
            f"What is new cannot be told: git does not know {folder} ({why}).",
            hint="Run this in a git checkout, or name the app and the migration.",
        )


class UnknownRef(SchemaError):
    def __init__(self, ref: str) -> None:
        super().__init__(
            f"git knows no commit '{ref}' that this checkout has grown from.",
            hint="Fetch it: git fetch origin (in a shallow clone: git fetch --unshallow origin), "
            "or name a commit that git log shows.",
        )
        self.ref = ref


class CannotLint(SchemaError):
    """A migration that does not run on the scratch database."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"The migrations do not run on an empty database, where they are watched: "
            f"{where} failed: {why}.",
            hint="Nothing was changed. Mend the migration so that it also runs where no rows are.",
        )
        self.where, self.why = where, why

    @classmethod
    def undoing(cls, where: str, why: str) -> "CannotLint":
        return cls(f"undoing {where}", why)


# --- What cannot be verified ---------------------------------------------------------------


class DoesNotRun(SchemaError):
    """A migration, on a scratch database: what comes of it is for the check to say."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} does not run on a scratch database: {why}.",
            hint="Mend the migration; nothing was touched.",
        )
        self.where, self.why = where, why


class MisshapenSetting(SchemaError):
    def __init__(self, name: str, found: object) -> None:
        super().__init__(
            f"SCHEMA['{name}'] of the settings cannot be read: {reprlib.repr(found)}.",
            hint=SHAPES[name],
        )
        self.name, self.found = name, found


SHAPES = {
    "WAIVERS": 'Give it the form {"app.migration": {"rule": "the reason"}}.',
    "SEEDS": 'Give it the form {"table": "INSERT INTO …"}, or a list of statements.',
}


# --- What cannot be drawn ------------------------------------------------------------------


class CannotWrite(SchemaError):
    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"The diagram cannot be written to {path}: {why}.",
            hint="Name another file with --output, or leave it out to have the diagram here.",
        )
        self.path, self.why = path, why


class UnknownFormat(SchemaError):
    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is of no format that this draws.",
            hint="Name a FILE.svg or a FILE.mmd, or say --format svg or --format mermaid.",
        )
        self.path = path
