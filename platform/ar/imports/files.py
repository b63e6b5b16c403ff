"""Writes the files that imports hand out: a sample, and the uploaded rows with their errors.

Invariant: each can be uploaded again as it is: headers are known ones, and the column of errors is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from ar.imports.columns import FileKind, fields
from ar.imports.inputs import ImportFile, Report
from ar.imports.messages import column_name, finding_text
from ar.imports.pipeline import open_table_of
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.sheets import Column, Sheet, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sample_file(kind: FileKind) -> bytes:
    """Returns a workbook with the canonical columns in the current language and one example row."""
    chinese = current_language() == "zh_CN"
    columns = [Column(each.others[0] if chinese else each.name) for each in fields(kind)]
    return write_xlsx([Sheet(_("Sample"), columns, [[each.sample for each in fields(kind)]])])


def rows_with_errors(file: ImportFile, report: Report) -> bytes:
    """Returns the uploaded rows as text with a column of their errors."""
    table, _binding = open_table_of(file)
    texts: dict[int, list[str]] = {}
    for finding in report.errors:
        said = finding_text(finding.code, finding.params)
        column = report.columns.get(finding.column) or column_name(finding.column)
        texts.setdefault(finding.row, []).append(f"{column}: {said}" if column else said)
    columns = [*(Column(header) for header in table.headers), Column(_("Error"), width=60)]
    width = len(table.headers)

    def rows() -> Iterator[list[str]]:
        for row in table.rows():
            yield [*row.cells[:width], "; ".join(texts.get(row.number, ()))]

    whole_file = [text for number, said in texts.items() if number <= table.header_row for text in said]
    return write_xlsx([Sheet(_("Errors"), columns, rows(), footer=whole_file)])
