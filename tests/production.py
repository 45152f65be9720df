"""`python -m tests.production COMMAND`: a management command under production settings."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.update(
    DJANGO_SETTINGS_MODULE="ingestion.settings",
    DATABASE_URL="postgres://ingestion:8Zk-2pQwXv@db.example.com:5432/ingestion",
    SECRET_KEY="kQ3v9-Zt7pLw2XyB5nRs8HdJ4mFgC6aVeU1iTo0qYxWzNbKlGh3",
    ALLOWED_HOSTS="ingestion.example.com",
    HTTPS="true",
    DEBUG="false",
    LAPTOP="false",
)

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
