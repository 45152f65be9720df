"""Django's `migrate`, made safe: relative targets, one at a time, timeouts, a journal, SQL."""

import sys
import traceback
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace
from io import TextIOWrapper
from typing import Any

from django.apps import apps
from django.core.management.base import (
    CommandError,
    CommandParser,
    SystemCheckError,
    no_translations,
)
from django.core.management.commands import migrate
from django.db import DatabaseError, InterfaceError, connections

from ingestion.schema import losses, signals, undo
from ingestion.schema.drift.compare import drifted
from ingestion.schema.errors import (
    CannotPrune,
    DataWouldBeLost,
    DriftFound,
    NoSuchMigration,
    NotPostgres,
    PlanChanged,
    SchemaError,
    TwoWishes,
    listed,
)
from ingestion.schema.failures import became, is_about_the_role, python_refusal, refusal
from ingestion.schema.interrupt import cancelled_by_ctrl_c
from ingestion.schema.journal import Journal, entries, exists, may_create
from ingestion.schema.limits import limits
from ingestion.schema.locks import one_migrator
from ingestion.schema.messages import Printer, planned
from ingestion.schema.origin import origin
from ingestion.schema.plan import (
    Key,
    Step,
    refuse_irreversible,
    resolve,
    steps_down,
    steps_up,
)
from ingestion.schema.progress import Progress
from ingestion.schema.project import Project
from ingestion.schema.render import Wish, script
from ingestion.schema.resume import refuse_elsewhere
from ingestion.schema.run import Run
from ingestion.schema.soft import already_there
from ingestion.schema.targets import Head, Named, Target, read_target
from ingestion.schema.timeouts import short_timeouts
from ingestion.schema.unmade import unmade

NOTED = (
    "undo",
    "fake",
    "fake_initial",
    "group",
    "prune",
    "accept_data_loss",
    "sql",
    "require_no_drift",
)
"""Options that the journal keeps."""
LOOK_TIMEOUT_MS = 10_000
"""For counting what would be lost: reading waits for nobody but who changes the very table."""


def _seconds(text: str) -> int:
    if not text.isdigit():
        raise ArgumentTypeError(f"{text} is not a number of seconds")
    return int(text)


class Command(migrate.Command):
    help = (
        "Brings the schema of the database to a target: head (the default), zero, +N, -N, "
        "or one of an app: APP NAME, APP +N, APP -N, APP head, APP zero."
    )
    # They import the migrations too: first it must be known that these can be read.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--skip-checks", action="store_true", help="Skip system checks.")
        parser.add_argument("--undo", action="store_true", help="Take back what the last run did.")
        parser.add_argument(
            "--sql", action="store_true", help="Print a script that does it, for psql."
        )
        parser.add_argument(
            "--from",
            dest="start",
            metavar="STATE",
            help="With --sql: what the script starts from, if not from what this database has: "
            "zero, head, or APP:NAME with commas between.",
        )
        parser.add_argument(
            "--group", action="store_true", help="The whole plan in one transaction, or nothing."
        )
        parser.add_argument(
            "--accept-data-loss", action="store_true", help="Undo although data goes with it."
        )
        parser.add_argument(
            "--require-no-drift",
            action="store_true",
            help="First see that the database is what its applied migrations make, and else "
            "refuse: with --plan, --sql and --fake, too. See schema drift.",
        )
        parser.add_argument(
            "--lock-wait",
            type=_seconds,
            metavar="SECONDS",
            help="How long to wait for another migrator (default: 300).",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        self.verbosity, self.interactive = options["verbosity"], options["interactive"]
        self.options = options
        self.connection = connections[options["database"]]
        self.limits = limits(lock_wait=options["lock_wait"])
        self.printer = Printer(self.stdout, self.style) if self.verbosity else Progress()
        self.run: Run | None = None
        self.lost: list[str] = []
        try:
            with cancelled_by_ctrl_c(self.connection):
                self._migrate()
        except KeyboardInterrupt as error:
            self.printer.stops()
            raise CommandError(f"Interrupted. {became(self.run)}", returncode=130) from error
        except SchemaError as error:
            self.printer.stops()
            raise CommandError(f"{error}", returncode=error.exit_code) from error
        except SystemCheckError as error:
            error.returncode = SchemaError.exit_code
            raise

    def _migrate(self) -> None:
        self._look()
        try:
            self._do()
        except (DatabaseError, InterfaceError) as error:
            if (self.run is None or self.run.current is None) and is_about_the_role(error):
                raise
            raise refusal(error, self.run) from error

    def _do(self) -> None:
        steps = self._resolve()
        # Going back must always be possible, also with files that a check finds fault with.
        if not self.options["skip_checks"] and not all(step.backwards for step in steps):
            self.check(databases=[self.connection.alias])
        if self.options["require_no_drift"]:
            self._refuse_drift()
        if self.options["sql"]:
            self._print_sql(steps)
        elif self.options["plan"]:
            self._print_plan(steps)
        elif self.options["check_unapplied"]:
            if steps:
                sys.exit(1)
        elif self.options["prune"]:
            self._prune()
        else:
            self._refuse_losses(steps)
            self._under_lock(steps)

    # --- What is wished, and what there is -----------------------------------------------------

    def _look(self) -> None:
        if self.connection.vendor != "postgresql":
            raise NotPostgres(self.connection.alias, self.connection.vendor)
        signals.register_handlers()
        self.target = self._read_target()
        if not self.options["sql"]:
            self.connection.prepare_database()
        self.connection.ensure_connection()
        start = self.options["start"]
        self.project = (
            Project.read(self.connection)
            if start is None
            else Project.supposing(self.connection, start)
        )
        self.project.check()
        if isinstance(self.target.place, Named) and self.target.app:
            name = self.project.see(self.target.app, self.target.place.prefix)
            self.target = Target(self.target.app, Named(name))

    def _read_target(self) -> Target:
        app, name = self.options["app_label"], self.options["migration_name"]
        if self.options["undo"] and app:
            raise TwoWishes("--undo", " ".join(filter(None, (app, name))))
        self._refuse_with_sql()
        return read_target(app, name, apps={each.label for each in apps.get_app_configs()})

    def _refuse_with_sql(self) -> None:
        """A script has a plan of its own, and knows no database when it has to know a state."""
        options = self.options
        if options["start"] is not None and not options["sql"]:
            raise TwoWishes("--from", "no --sql")
        for name in ("undo", "require_no_drift"):
            if options["start"] is not None and options[name]:
                raise TwoWishes("--from", f"--{name.replace('_', '-')}")
        for name in ("plan", "check_unapplied", "prune", "run_syncdb", "fake_initial", "group"):
            if options["sql"] and options[name]:
                flag = name.removesuffix("_unapplied").replace("_", "-")
                raise TwoWishes("--sql", f"--{flag}")

    def _resolve(self) -> list[Step]:
        project, options = self.project, self.options
        if options["undo"]:
            steps = self._steps_to_undo()
        elif self._syncs_one_app():
            steps = []
        else:
            self._refuse_app_without_migrations()
            found = resolve(
                self.target, graph=project.graph, applied=project.visible(), own=project.own
            )
            steps = [replace(step, fake=options["fake"]) for step in found]
        if not options["plan"]:  # which names them in its own way
            down = [step for step in steps if step.backwards and not step.fake]
            refuse_irreversible(project.migration(step.key) for step in down)
        if options["fake_initial"]:
            steps = already_there(project, steps)
        return steps

    def _steps_to_undo(self) -> list[Step]:
        project = self.project
        self.past, steps = undo.last_run(entries(self.connection))
        undo.refuse_if_changed(steps, project.applied)
        project.see_all([step.key for step in steps])
        for way, refuse in ((True, steps_down), (False, steps_up)):
            keys = [step.key for step in steps if step.backwards is way]
            refuse(keys, graph=project.graph, applied=project.visible())
        return [replace(step, fake=step.fake or self.options["fake"]) for step in steps]

    def _syncs_one_app(self) -> bool:
        app = self.target.app
        return self.options["run_syncdb"] and app in self.project.loader.unmigrated_apps

    def _refuse_app_without_migrations(self) -> None:
        app = self.target.app
        if app and app not in self.project.loader.migrated_apps:
            raise NoSuchMigration(app, "", [])
        if app and self.options["run_syncdb"]:
            raise TwoWishes("--run-syncdb", f"{app}, which has migrations")

    def _refuse_drift(self) -> None:
        found = drifted(self.connection, limits=self.limits, progress=self.printer)
        if found:
            raise DriftFound([each.thing for each in found])

    def _refuse_losses(self, steps: Sequence[Step]) -> None:
        """Ask a person, on a terminal; elsewhere the option must say it."""
        self.accepted = self.options["accept_data_loss"]
        # Counted also when it is accepted: the journal notes what went.
        self.lost = self._would_be_lost(steps)
        if not self.lost or self.accepted:
            return
        if self.interactive and sys.stdin.isatty():
            self.accepted = self._ask()
        if not self.accepted:
            raise DataWouldBeLost(self.lost)

    def _would_be_lost(self, steps: Sequence[Step]) -> list[str]:
        self.at_stake = losses.candidates(self.project, steps)
        if self.options["undo"]:
            again = [step for step in steps if not step.backwards]
            self.at_stake += losses.given_up(self.project, again)
        if not self.at_stake:
            return []
        patient = replace(self.limits, lock_timeout_ms=LOOK_TIMEOUT_MS)
        with short_timeouts(self.connection, patient):
            return [f"{loss}" for loss in losses.losses(self.connection, self.at_stake)]

    def _ask(self) -> bool:
        self.stdout.write("Undoing this loses:")
        for loss in self.lost:
            self.stdout.write(f"  {loss}")
        try:
            return input("Go on? [y/N] ").strip().lower() in {"y", "yes"}
        except EOFError:  # Ctrl-D
            return False

    # --- Doing it ------------------------------------------------------------------------------

    def _under_lock(self, steps: list[Step]) -> None:
        with one_migrator(self.connection, wait=self.limits.lock_wait, say=self.printer.waits):
            if self.project.reread():
                again = self._resolve()
                if again != steps and any(step.backwards for step in [*again, *steps]):
                    raise PlanChanged
                steps = again
            how = {
                "verbosity": self.verbosity,
                "interactive": self.interactive,
                "stdout": self.stdout,
            }
            plan = signals.plan_of(self.project, steps)
            self._say_what(steps)
            signals.send_before(self.project, plan, **how)
            self._sync()
            if self._perform(steps):
                self.project.reread()
            signals.send_after(self.project, plan, **how)

    def _perform(self, steps: list[Step], *, forget: Sequence[Key] = ()) -> bool:
        """Whether there was anything to do."""
        if not (steps or forget or self.project.unrecorded_replacements(self.project.applied)):
            self._nothing_to_do()
            return False
        with short_timeouts(self.connection, self.limits) as timeouts:
            self.run = Run(
                self.project,
                journal=Journal(self.connection, origin()),
                timeouts=timeouts,
                limits=self.limits,
                progress=self.printer,
                before_step=self._refuse_new_losses,
            )
            undoes = self.past.run if self.options["undo"] else None
            try:
                self.run.perform(
                    steps,
                    command=self._command(),
                    group=self.options["group"],
                    undoes=undoes,
                    forget=forget,
                    lost=self.lost,
                )
            except (DatabaseError, InterfaceError, SchemaError):
                raise
            except (Exception, SystemExit) as error:
                if self.run.current is None:
                    raise
                self.printer.stops()
                self.stderr.write(traceback.format_exc())
                raise python_refusal(error, self.run) from error
        return True

    def _refuse_new_losses(self, step: Step) -> None:
        """What was empty when it was counted may have been filled since; nobody can now."""
        if self.accepted:
            return
        due = [candidate for candidate in self.at_stake if candidate.step == step]
        if found := losses.new_losses(self.connection, due):
            raise DataWouldBeLost([f"{loss}" for loss in found], state=became(self.run))

    def _nothing_to_do(self) -> None:
        refuse_elsewhere(self.connection, [])
        self._say("  No migrations to apply.")
        if self.project.applied and not exists(self.connection) and may_create(self.connection):
            Journal(self.connection, origin()).ensure(self.project.hashes())
        # For a person: it costs more than all the rest, and `schema status` tells programs.
        if self.verbosity and self.stdout.isatty():
            self._say_what_has_no_migration()

    def _prune(self) -> None:
        """Forget what is applied and has no file any more."""
        if not self.target.app:
            raise TwoWishes("--prune", "no app")
        with one_migrator(self.connection, wait=self.limits.lock_wait, say=self.printer.waits):
            self.project.reread()
            gone = self.project.without_file(self.target.app)
            if blocked := self.project.replacements_of(gone):
                raise CannotPrune([".".join(key) for key in blocked])
            self._say("Pruning migrations:" if gone else "  No migrations to prune.")
            for key in gone:
                self._say(f"  Pruning {'.'.join(key)}")
            if gone:
                self._perform([], forget=gone)

    def _sync(self) -> None:
        """Tables of apps without migrations, as Django has it for tests."""
        if not (self.options["run_syncdb"] and self.project.loader.unmigrated_apps):
            return
        labels = self.project.loader.unmigrated_apps
        if self._syncs_one_app():
            labels = labels & {self.target.app or ""}
        self._say("Synchronizing apps without migrations:")
        self.sync_apps(self.connection, labels)

    def _print_sql(self, steps: list[Step]) -> None:
        project = self.project
        if not (steps or project.unrecorded_replacements(project.applied)):
            self.stdout.write("-- Nothing to do: the target is where the script would start.")
            return
        wish = Wish(
            steps=steps,
            command=self._command(),
            state=self.options["start"],
            undoes=self.past.run if self.options["undo"] else None,
            at_stake=losses.at_stake(project, steps, is_undo=self.options["undo"]),
            is_loss_accepted=self.options["accept_data_loss"],
        )
        text = script(project, wish, origin=origin(), limits=self.limits)
        # The script says that it is in UTF-8, whatever the terminal is in.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        self.stdout.write(text)

    # --- What is said --------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        if self.verbosity:
            self.stdout.write(text)

    def _command(self) -> str:
        """As it was typed, so that the journal shows what was meant."""
        words = [self.options[name] for name in ("app_label", "migration_name")]
        flags = [f"--{flag.replace('_', '-')}" for flag in NOTED if self.options[flag]]
        return " ".join(["migrate", *filter(None, words), *flags])

    def _say_what(self, steps: list[Step]) -> None:
        if not self.verbosity:
            return
        if self.options["undo"]:
            self._say(f"Undoes {self.past}")
        self._say(self.style.MIGRATE_HEADING("Operations to perform:"))
        if self.target == Target(None, Head()) and not self.options["undo"]:
            apps_with = sorted({app for app, _ in self.project.graph.leaf_nodes()}) or ["(none)"]
            self._say(f"  Apply all migrations: {', '.join(apps_with)}")
        else:
            for line in planned(steps):
                self._say(line)
        self._say(self.style.MIGRATE_HEADING("Running migrations:"))

    def _print_plan(self, steps: list[Step]) -> None:
        """In the words of Django's own `--plan`."""
        self.stdout.write("Planned operations:", self.style.MIGRATE_LABEL)
        if not steps:
            self.stdout.write("  No planned migration operations.")
        for step in steps:
            self.stdout.write(f"{step}", self.style.MIGRATE_HEADING)
            for operation in self.project.migration(step.key).operations:
                message, is_error = self.describe_operation(operation, step.backwards)
                self.stdout.write(f"    {message}", self.style.WARNING if is_error else None)
        if found := self._would_be_lost(steps):
            self.stdout.write(f"Undoing this would lose {listed(found)}.", self.style.WARNING)
        if steps and self.options["check_unapplied"]:
            sys.exit(1)

    def _say_what_has_no_migration(self) -> None:
        found = unmade(self.project)
        if found:
            self._say(
                f"  The models of {', '.join(found)} have changes that no migration makes. "
                "Make one with: manage.py makemigrations"
            )
