"""A PostgreSQL server that comes with the project, and Django's engine that starts it."""

import sys

if sys.platform == "win32":  # no Unix sockets in psycopg2, no flock
    raise ImportError("The embedded PostgreSQL runs on Linux and macOS. Here, use WSL or Docker.")
