"""What ends a run: figures of a system that answers wrongly mean nothing."""


class BenchError(Exception):
    """What happened, and where to look."""
