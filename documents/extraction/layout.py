"""How words of a marked-up text are set: in lines, paragraphs and the cells of tables."""


class Layout:
    """Sets words in lines. A gap is kept back until words follow, so none stands at the end."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.newlines = self.tabs = self.cells = 0
        self.has_space = self.is_in_fresh_cell = self.is_row_empty = False
        self.is_empty = True

    def take(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text

    def words(self, text: str) -> None:
        """Text in which any white space is one space."""
        words = text.split()
        self.has_space = self.has_space or text[:1].isspace()
        if words:
            self._set(" ".join(words))
            self.has_space = text[-1].isspace()

    def verbatim(self, text: str) -> None:
        body = text.rstrip("\n")
        if body:
            self._set(body)
        self.newlines += len(text) - len(body)

    def line(self, newlines: int) -> None:
        """What follows stands on a line of its own, or after an empty one."""
        self.has_space = False
        if not self.is_in_fresh_cell:
            self.newlines = max(self.newlines, newlines)

    def newline(self) -> None:
        self.line(min(2, self.newlines + 1))

    def row(self) -> None:
        """The border of a row of a table."""
        self.newlines = 1 if self.cells else max(1, self.newlines)
        self.tabs = self.cells = 0
        self.has_space = self.is_in_fresh_cell = False
        self.is_row_empty = True

    def cell(self) -> None:
        if self.cells:
            self.tabs += 1
            if not self.is_row_empty:
                self.newlines = 0  # what the cell before ended with
        self.cells += 1
        self.has_space = False
        self.is_in_fresh_cell = True

    def _set(self, words: str) -> None:
        self.parts.append(self._gap() + words)
        self.newlines = self.tabs = 0
        self.has_space = self.is_in_fresh_cell = self.is_row_empty = self.is_empty = False

    def _gap(self) -> str:
        newlines = 0 if self.is_empty else self.newlines
        if self.tabs or newlines:
            return "\n" * newlines + "\t" * self.tabs
        return " " if self.has_space and not self.is_empty else ""
