"""Hostile tables: a file may cost what its size says, never minutes of a worker nor the life of its process."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from time import process_time

import pytest

from kernel.sheets import TableRefused, header_key, open_table

PLATFORM = Path(__file__).parents[2] / "platform"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FIRST = '<row><c r="A1" t="inlineStr"><is><t>customer_no</t></is></c></row>'
#: Opens a file within 2 GB of memory, and says how it was refused; the reader behind would end the process.
OPEN = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.path.insert(0, sys.argv[1])
from kernel.sheets import TableRefused, open_table
try:
    print("read", sum(1 for _ in open_table(sys.stdin.buffer.read()).rows()))
except TableRefused as refused:
    print(refused.code)
"""


def cell(reference: str) -> str:
    return f'<row><c r="{reference}"><v>1</v></c></row>'


def book(rows: str, *, target: str = "worksheets/sheet1.xml", head: str = "", **more: str) -> bytes:
    """A workbook with one sheet of these rows; `more` are further parts by their name without ".xml"."""
    kind = f"{OFFICE}/worksheet"
    sheet = f'<worksheet xmlns="{MAIN}">{head}<sheetData>{FIRST}{rows}</sheetData></worksheet>'
    listed = '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{listed}</workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{kind}" Target="{target}"/>'
            "</Relationships>"
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>'
        ),
        target.removeprefix("/") if target.startswith("/") else f"xl/{target}": sheet,
        **{f"xl/{name}.xml": content for name, content in more.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


FAR = cell("XFD1048576")
HOSTILE = {
    "plain": book(FAR),
    "lower case": book(cell("xfd1048576")),
    "noughts": book(cell("XFD00001048576")),
    "more rows than there are": book(cell("XFD99999999999999")),
    "another folder": book(FAR, target="sheets/s.bin"),
    "outside": book(FAR, target="/other/s.dat"),
    "row alone": book('<row r="1048576">' + "<c><v>1</v></c>" * 5000 + "</row>"),
    "row and column apart": book('<row r="1048576"><c><v>1</v></c></row><row><c r="XFD1"><v>1</v></c></row>'),
    "no references": book("<row>" + "<c><v>1</v></c>" * 16000 + "</row>" + cell("A1000000")),
    "entity": book(cell("XFD&#49;048576")),
    "prefixed": book("<x:row xmlns:x='u'><x:c r='XFD1048576'><x:v>1</x:v></x:c></x:row>"),
    "a bracket in a value": book("<row><c t='>' r='XFD1048576'><v>1</v></c></row>"),
    "columns": book(cell("ZZZZZ1")),
}
MALFORMED = {
    "dollars": book(cell("$XFD$1048576")),
    "glued": book('<row><c t="n"r="XFD1048576"><v>1</v></c></row>'),
    "declared entity": book(cell("&x;")),
    "shared texts": book("", sharedStrings=f'<sst xmlns="{MAIN}" uniqueCount="4000000000"><si><t>a</t></si></sst>'),
    "deep": book("<c>" * 100_000),
}


@pytest.mark.parametrize("name", [*HOSTILE, *MALFORMED])
def test_no_workbook_ends_the_process_that_reads_it(name: str) -> None:
    content = HOSTILE.get(name) or MALFORMED[name]
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(PLATFORM)], input=content, capture_output=True, timeout=60, check=False
    )
    expected = "table_too_wide" if name in HOSTILE else "table_malformed"
    assert (done.returncode, done.stdout.decode().strip()) == (0, expected)


def test_what_a_sheet_says_about_itself_costs_nothing() -> None:
    far_formula = '<row><c r="B2"><f t="shared" si="0" ref="A1:XFD1048576">1</f><v>1</v></c></row>'
    table = open_table(book(far_formula, head='<dimension ref="A1:XFD1048576"/>'))
    assert [row.cells for row in table.rows()] == [["", "1"]]
    formatted = book('<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576" ht="15"/>')
    assert [row.cells for row in open_table(formatted).rows()] == [["7"]]


def test_brackets_in_a_header_cost_their_length_not_its_square() -> None:
    before = process_time()
    assert header_key("金额(元)(" + "(" * 45_000).startswith("金额((")
    assert process_time() - before < 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_long_cell_above_the_data_is_refused_with_its_row(kind: str) -> None:
    long = "(" * 30_000
    data = f"title,\n{long},b\n1,2\n".encode()
    if kind == "xlsx":
        data = book(f'<row><c r="A2" t="inlineStr"><is><t>{long}</t></is></c></row>')
    with pytest.raises(TableRefused) as refused:
        open_table(data, "x", {"customer_no"})
    assert (refused.value.code, refused.value.params["row"]) == ("table_cell_too_long", 2)


@pytest.mark.parametrize("before", ["customer_no,name\n", "customer_no,name\n" + "1,a\n" * 30])
def test_a_field_beyond_the_parsers_limit_is_refused_with_its_row(before: str) -> None:
    data = f"{before}2,{'x' * 140_000}\n".encode()
    with pytest.raises(TableRefused) as refused:
        list(open_table(data, "x.csv", {"customer_no"}).rows())
    assert (refused.value.code, refused.value.params["row"]) == ("table_cell_too_long", before.count("\n") + 1)


def test_a_wide_header_is_no_long_cell() -> None:
    names = ["一个相当长的列名它的说明也写在里面" * 3 + str(n) for n in range(99)]
    data = ";".join(["customer_no", *names]).encode()
    assert len(data.decode()) > 4_000
    assert len(open_table(data, "x.csv", {"customer_no"}).headers) == 100


@pytest.mark.parametrize(
    "start",
    [
        *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"\x1f\x8b\x08\x00", b"Rar!\x1a\x07\x01"),
        *(b"7z\xbc\xaf\x27\x1c", b"%PDF-1.7"),
    ],
)
def test_a_picture_or_an_archive_is_named_for_what_it_is(start: bytes) -> None:
    with pytest.raises(TableRefused, match="table_kind"):
        open_table(start + b"\xff\x00\x81" * 20, "x.xlsx", {"customer_no"})
