"""Something done on a connection of its own, beside the test."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Result = TypeVar("Result")


def beside(*calls: Callable[[], Result]) -> "list[Future[Result]]":
    """The results to come of calls that are made all at once."""
    pool = ThreadPoolExecutor(max_workers=len(calls))
    started = [pool.submit(_on_its_own, call) for call in calls]
    pool.shutdown(wait=False)
    return started


def _on_its_own(call: Callable[[], Result]) -> Result:
    try:
        return call()
    finally:
        connection.close()
