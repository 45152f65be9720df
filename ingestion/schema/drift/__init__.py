"""Where the models, the migrations and the database say different things.

    live, expected ─► compare ─► differences ─► text · script

`differences` and what it compares are plain data; `kept` remembers what migrations make.
"""
