SAID = """it's 100% "so": a\\b :name \\q ; -- no /* comment */ $$ $ddl$ {x} ü 😀
next line\ttab"""

COMMENT = SAID.replace("%", "")  # which Django takes for a parameter there
