"""The schema of the database, from words to tables, and a record of everything done to it.

    words ─ manage.py migrate ─► targets ─► plan ─┬─► sql ─► a script
                                                  ├─► run (lock, timeouts, retry) ─► journal
                                                  └─► rehearsal, linting (on a copy, observed)
    catalog(live) | catalog(scratch) ─┬─► drift ─► what is different
                                      └─► repair ─► the statements that make one of the other

A Django app of its own, label "schema": it needs Django, psycopg2 and PostgreSQL, and knows
nothing of the project around it.
"""
