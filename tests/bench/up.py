"""Both systems, up and empty, until Ctrl-C: for requests by hand."""

import signal
import sys
from collections.abc import Iterator

from tests.bench.stage import Stage
from tests.bench.table import Row


def rows(stage: Stage) -> Iterator[Row]:
    for system in stage.systems:
        sys.stderr.write(f"{system.name}: {stage.postgres.url(system.database)}\n")
    sys.stderr.write("Ctrl-C stops both.\n")
    signal.pause()
    yield from ()
