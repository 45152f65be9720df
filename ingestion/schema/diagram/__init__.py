"""Tables, columns and keys of a state of the migrations, drawn; or how two states differ.

    states ─► drawing ─► picture ─┬─► mermaid ─► text
                                  └─► layout ─► svg

A picture is plain data, and knows neither models nor where its tables will stand.
"""
