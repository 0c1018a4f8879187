"""Tables as files: exact, readable, and never alive."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest

from core.integrations.sheets import tame, to_csv, to_xlsx

EVIL = '=HYPERLINK("http://x","y")'


@pytest.mark.parametrize(
    "text", [EVIL, "+49 30 1", "-1", "@sum", "\t=1", "\r=1", "\uff1d1", " =1", "\n=1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert str(tame(text)).startswith("'")


@pytest.mark.parametrize("cell", ["1001-X1", "Müller, “Co”", 5, -5, "", "a=b"])
def test_everything_else_is_left_as_it_is(cell):
    assert tame(cell) == cell


def test_a_csv_is_read_back_as_it_was_written():
    made = to_csv(("name", "amount"), [("Müller\x00, Söhne", "-1.20"), (EVIL, 3)])
    assert made.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    assert rows == [["name", "amount"], ["Müller , Söhne", "'-1.20"], [f"'{EVIL}", "3"]]


def test_a_workbook_holds_texts_and_numbers_but_no_formula():
    made = to_xlsx("journal", ("text", "amount"), [(EVIL + "<&", 19.9)])
    with zipfile.ZipFile(io.BytesIO(made)) as book:
        assert book.testzip() is None
        for name in book.namelist():
            ElementTree.fromstring(book.read(name))
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    found = [
        (cell.get("t"), "".join(cell.itertext()))
        for cell in sheet.iter()
        if cell.tag.endswith("}c")
    ]
    assert found[2:] == [("inlineStr", EVIL + "<&"), (None, "19.9")]
    assert not [each for each in sheet.iter() if each.tag.endswith("}f")]
    assert made == to_xlsx("journal", ("text", "amount"), [(EVIL + "<&", 19.9)])
