"""Files that break readers, and good ones to stand beside them."""

import random
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

import pypdf
from docx import Document as WordDocument
from reportlab.pdfgen.canvas import Canvas

File = tuple[str, bytes]
BOMB_BYTES = 200 * 1024 * 1024


def pdf(text: str, *, pages: int = 1) -> bytes:
    out = BytesIO()
    canvas = Canvas(out)
    for number in range(1, pages + 1):
        canvas.drawString(72, 720, f"{text} {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def encrypted(raw: bytes) -> bytes:
    writer, out = pypdf.PdfWriter(clone_from=BytesIO(raw)), BytesIO()
    writer.encrypt("a password", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def docx(text: str) -> bytes:
    document, out = WordDocument(), BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def zipped(*members: File) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, raw in members:
            archive.writestr(name, raw)
    return out.getvalue()


def good(count: int) -> Iterator[File]:
    """Of every kind some, all different."""
    for n in range(count):
        text = f"Heron {n} stood in the shallow water."
        match n % 25:
            case 1:
                yield f"{n}.pdf", pdf(text, pages=3)
            case 2:
                yield f"{n}.docx", docx(text)
            case 3 | 4 | 5:
                yield f"{n}.html", f"<html><p>{text}</p></html>".encode()
            case 6 | 7 | 8:
                yield f"{n}.csv", f"bird;number\n{text};{n}\n".encode()
            case 9 | 10 | 11:
                yield f"{n}.json", f'{{"bird": "{text}"}}'.encode()
            case _:
                yield f"{n}.txt", f"{text}\n".encode() * (1 + n % 50)


Evil = tuple[str, Callable[[], bytes], str]


def evil() -> Iterator[Evil]:
    """A name, how to make it, and the code that it ends with."""
    for n in range(5):
        yield f"{n}.pdf", partial(_encrypted_pdf, n), "encrypted"
        yield f"cut-{n}.docx", partial(_cut_docx, n), "corrupt"
        yield f"noise-{n}.pdf", partial(_noise, n, start=b"%PDF-1.7\n"), "corrupt"
        yield f"noise-{n}.bin", partial(_noise, n + 100), "unsupported_type"
        yield f"head-{n}.pdf", partial(_head_of_pdf, n), "corrupt"
    for n in range(3):
        yield f"bomb-{n}.zip", partial(_bomb, f"{n}.txt"), "bomb"
    yield "bomb.docx", _word_bomb, "bomb"
    yield "laughs.xml", _laughs, "forbidden_xml"


def _encrypted_pdf(number: int) -> bytes:
    return encrypted(pdf(f"Secret {number}"))


def _cut_docx(number: int) -> bytes:
    return docx(f"Heron {number}")[: 4000 + number]


def _noise(number: int, *, start: bytes = b"") -> bytes:
    return start + random.Random(number).randbytes(5000)


def _head_of_pdf(number: int) -> bytes:
    return pdf("Heron", pages=20)[: 200 + number]


def _bomb(name: str) -> bytes:
    return zipped((name, bytes(BOMB_BYTES)))


def _word_bomb() -> bytes:
    content = b'<?xml version="1.0"?><w:document xmlns:w="x"><w:p>' + b" " * BOMB_BYTES
    return _with(docx("Heron"), "word/document.xml", content)


def _laughs() -> bytes:
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "ha">{laughs}]><r>&a9;</r>'.encode()


def _with(archive: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(archive)) as old:
        members = [(each, old.read(each)) for each in old.namelist() if each != name]
    return zipped(*members, (name, content))
