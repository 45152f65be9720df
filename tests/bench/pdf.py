"""The text of PDF files: as the worker reads them, in a sandbox, beside pypdfium2 alone."""

import io
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen.canvas import Canvas

from tests.bench.errors import BenchError
from tests.bench.programs import PROJECT
from tests.bench.rounds import in_turn
from tests.bench.stage import Stage
from tests.bench.system import PYTHON
from tests.bench.table import Row, ratios

PAGES = (5, 20, 80)
FONT, SIZE, LEADING, MARGIN = "Helvetica", 10, 12, 50


def rows(stage: Stage) -> Iterator[Row]:
    folder = stage.folder / "pdf"
    folder.mkdir()
    files = [_written(stage, folder / f"{n}.pdf", PAGES[n % 3]) for n in range(stage.scale.pdfs)]
    took = in_turn(
        {way: partial(_seconds, way, files) for way in ("worker", "alone")},
        rounds=stage.scale.rounds,
    )
    pages = sum(PAGES[n % 3] for n in range(stage.scale.pdfs))
    rate = {way: pages / min(times) for way, times in took.items()}
    yield Row(
        what=f"text of {len(files)} PDF files, {pages} pages",
        against="pypdfium2 alone",
        figures=ratios(took["alone"], took["worker"]),
        at_least=0.8,
        note=f"{rate['worker']:.0f} : {rate['alone']:.0f} pages a second",
    )


def _written(stage: Stage, path: Path, pages: int) -> Path:
    """About 3,500 characters a page, as a report has them."""
    raw = io.BytesIO()
    canvas = Canvas(raw, pagesize=A4)
    width, height = A4
    for _ in range(pages):
        text = " ".join(each.content for each in stage.fresh(2))
        lines = simpleSplit(text, FONT, SIZE, width - 2 * MARGIN)
        canvas.setFont(FONT, SIZE)
        for number, line in enumerate(lines[: int((height - 2 * MARGIN) / LEADING)]):
            canvas.drawString(MARGIN, height - MARGIN - number * LEADING, line)
        canvas.showPage()
    canvas.save()
    path.write_bytes(raw.getvalue())
    return path


def _seconds(way: str, files: list[Path]) -> float:
    """In a process of its own, which says how long the reading took without its own start."""
    done = subprocess.run(
        [PYTHON, "-m", "tests.bench.pdf_reader", way, *map(str, files)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"Reading PDF files ({way}) failed:\n{done.stderr}")
    return float(done.stdout)
