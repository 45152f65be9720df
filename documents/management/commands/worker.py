"""Extract and index what was taken in."""

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from documents.worker import Worker


class Command(BaseCommand):
    help = (
        "Work on the queue until stopped: extract the text of new documents, and index it. "
        "Any number of workers may run, on any number of machines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--drain", action="store_true", help="end as soon as nothing is due any more"
        )
        parser.add_argument(
            "--heartbeat", type=Path, metavar="FILE", help="touch FILE while alive, for a probe"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker(heartbeat=options["heartbeat"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if options["drain"]:
            self.stdout.write(f"{worker.drain()} job(s) done")
        else:
            if self.stdout.isatty():
                self.stdout.write("Waiting for documents. Ctrl-C stops.")
            worker.run()
