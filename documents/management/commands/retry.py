"""Queue failed documents again."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count

from documents import edit
from documents.models import Document, State


class Command(BaseCommand):
    help = "Queue failed documents again: those with one error code, or all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--code", help="only documents that failed with this error_code")
        which.add_argument("--all", action="store_true", help="every failed document")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = Document.objects.filter(state=State.FAILED)
        chosen = failed if options["all"] else failed.filter(error_code=options["code"])
        queued = edit.retry_all(chosen)
        if options["json"]:
            self.stdout.write(json.dumps({"queued": queued}))
        else:
            self.stdout.write(f"{queued} document(s) queued again" if queued else self._none())

    def _none(self) -> str:
        counted = (
            Document.objects.filter(state=State.FAILED)
            .values_list("error_code")
            .annotate(count=Count("pk"))
            .order_by("-count")
        )
        there = ", ".join(f"{name} ({count})" for name, count in counted)
        if not there:
            return "No document has failed; there is nothing to queue."
        return f"No document failed with this code. Codes of failed documents: {there}"
