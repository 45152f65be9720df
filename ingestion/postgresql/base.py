"""Django's PostgreSQL engine, with a health check that costs a request no round trip.

Django sends `SELECT 1` at the start of each request. A server that has ended, or has ended the
session, has said so: then there is something to read on the socket of an idle connection. Only
then, and after a pause in which a network may have forgotten the connection, it is asked.
"""

import select
import time

from django.db.backends.postgresql import base

PAUSE_SECONDS = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    # Django's own, which its stubs do not know.
    health_check_enabled: bool
    health_check_done: bool

    _last_check = 0.0

    def close_if_health_check_failed(self) -> None:
        if self.connection is None or self.health_check_done or not self.health_check_enabled:
            return
        now = time.monotonic()
        is_fresh = now - self._last_check < PAUSE_SECONDS
        self._last_check = now
        if is_fresh and self._is_quiet():
            self.health_check_done = True
        else:
            super().close_if_health_check_failed()

    def _is_quiet(self) -> bool:
        """Whether the server has sent nothing, not even the end."""
        if self.connection is None or self.connection.closed:
            return False
        watch = select.poll()
        watch.register(self.connection.fileno(), select.POLLIN)
        return not watch.poll(0)
