"""Queue documents to be indexed again."""

import json
import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from documents import reindexing
from documents.management.owners import owner
from documents.models import Document, DocumentQuerySet, State
from documents.progress import Progress


class Command(BaseCommand):
    help = (
        "Queue documents for the worker to index, behind all other work. Without an option: those "
        "that are ready, that search does not find, and that no job is about, as after a job was "
        "deleted by hand. With --all: every ready one, as after a change of what is indexed and "
        "how; they stay findable meanwhile. What waits for its turn already is not queued twice, "
        "so it may run at any time, and again. Exit code 0: queued, or nothing to do; 1: some of "
        "the named documents cannot be indexed, and are named with the reason; 2: it could not be "
        "done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--not-indexed",
            action="store_true",
            help="only what search does not find, and no job is about (the default)",
        )
        which.add_argument("--all", action="store_true", help="every ready document")
        which.add_argument(
            "--document", nargs="+", type=UUID, metavar="ID", help="these documents, if ready"
        )
        parser.add_argument("--owner", metavar="EMAIL", help="only the documents of this user")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        among = _among(options)
        again = options["all"] or options["document"]
        chosen = reindexing.due_again(among) if again else reindexing.forgotten(among)
        told: dict[str, Any] = {"queued": 0, "jobs": 0}
        with Progress(total=None) as progress:
            for count in reindexing.queue(chosen):
                told["queued"] += count
                told["jobs"] += 1
                progress.add(count=count, weight=count)
        told["refused"] = _refused(among, ids=options["document"] or [])
        self.stdout.write(json.dumps(told) if options["json"] else _in_words(told))
        if told["refused"]:
            sys.exit(1)


def _among(options: dict[str, Any]) -> DocumentQuerySet:
    documents = Document.objects.all()
    if options["owner"] is not None:
        documents = documents.filter(owner=owner(options["owner"]))
    if options["document"]:
        documents = documents.filter(pk__in=options["document"])
    return documents


def _refused(among: DocumentQuerySet, *, ids: list[UUID]) -> list[dict[str, str]]:
    """Those that were named and are not ready, with the reason."""
    states = dict(among.filter(pk__in=ids).values_list("pk", "state"))
    return [
        {"id": str(pk), "reason": _reason(states.get(pk))}
        for pk in ids
        if states.get(pk) != State.READY
    ]


def _reason(state: str | None) -> str:
    if state is None:
        return "there is no such document"
    if state == State.FAILED:
        return "it has failed; `manage.py retry` tries it again"
    if state == State.EMPTY:
        return "it has no text"
    return f"it is {state}, and is indexed when its text is there"


def _in_words(told: dict[str, Any]) -> str:
    lines = [f"not queued: {each['id']}: {each['reason']}" for each in told["refused"]]
    if told["queued"]:
        lines.append(
            f"{told['queued']} document(s) queued, in {told['jobs']} job(s). "
            "A worker indexes them: manage.py worker"
        )
    else:
        lines.append("Nothing to queue: what is ready is indexed, or waits for its turn.")
    return "\n".join(lines)
