"""Groups the rows of orders and deliveries into papers, and compares them with those in the books.

Pure. Invariant: rows of one paper say the same of it, or the row that differs is an error; a paper in the books with
the same values is unchanged, with others an error.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from ar.imports.inputs import ParsedDeliveryLine, ParsedOrderLine, Report
from ar.sales.rules.taken_over import StoredNote, StoredOrder

Row = TypeVar("Row", ParsedOrderLine, ParsedDeliveryLine)

ORDER_HEAD = {
    "customer_no": "customer_no",
    "order_date": "ordered_on",
    "currency": "currency",
    "term_days": "term_days",
}
NOTE_HEAD = {"order_no": "order_no", "shipped_on": "shipped_on", "mode": "mode"}


def papers(rows: Iterable[Row], number: str, head: Mapping[str, str], report: Report) -> dict[str, list[Row]]:
    """Returns the rows of each paper by its `number`; adds an error for a row that says otherwise of it.

    `head`: column → field of what all rows of one paper have to say alike.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        of_paper = found.setdefault(getattr(row, number), [])
        if of_paper:
            first = of_paper[0]
            for column, name in head.items():
                said, before = getattr(row, name), getattr(first, name)
                if said != before:
                    facts = {"found": str(said), "first": str(before), "first_row": first.row}
                    report.add_error(row.row, column, "paper_differs", number=getattr(row, number), **facts)
        of_paper.append(row)
    return found


def compare_order(rows: Sequence[ParsedOrderLine], stored: StoredOrder, report: Report) -> None:
    """Counts an order that stands as unchanged, or adds an error at each column that differs."""
    first, errors = rows[0], report.errors_total
    _compare_head(first, first.order_no, ORDER_HEAD, stored, report)
    for row in rows:
        line = stored.lines.get(row.line_no)
        if line is None:
            report.add_error(row.row, "line_no", "paper_has_no_line", number=row.order_no, found=row.line_no)
            continue
        for column in ("product", "quantity", "unit", "unit_price"):
            _differ(row.row, column, row.order_no, getattr(row, column), getattr(line, column), report)
        _differ(row.row, "tax_rate", row.order_no, row.tax_rate_bps, line.tax_rate_bps, report)
    _missing_lines(first.row, first.order_no, stored.lines.keys() - {row.line_no for row in rows}, report)
    report.unchanged += report.errors_total == errors


def compare_note(rows: Sequence[ParsedDeliveryLine], stored: StoredNote, report: Report) -> None:
    """Counts a delivery note that stands as unchanged, or adds an error at each column that differs."""
    first, errors = rows[0], report.errors_total
    _compare_head(first, first.delivery_no, NOTE_HEAD, stored, report)
    quantities = quantities_of(rows)
    for row in {row.line_no: row for row in reversed(rows)}.values():
        standing = stored.quantities.get(row.line_no, Decimal(0))
        _differ(row.row, "quantity", row.delivery_no, quantities[row.line_no], standing, report)
    _missing_lines(first.row, first.delivery_no, stored.quantities.keys() - quantities.keys(), report)
    report.unchanged += report.errors_total == errors


def quantities_of(rows: Iterable[ParsedDeliveryLine]) -> dict[int, Decimal]:
    """Returns the quantity of each order line over the rows of a note, which may name one more than once."""
    sums: dict[int, Decimal] = {}
    for row in rows:
        sums[row.line_no] = sums.get(row.line_no, Decimal(0)) + row.quantity
    return sums


def _compare_head(first: Any, number: str, head: Mapping[str, str], stored: Any, report: Report) -> None:
    for column, name in head.items():
        _differ(first.row, column, number, getattr(first, name), getattr(stored, name), report)


def _differ(row: int, column: str, number: str, said: Hashable, stands: Hashable, report: Report) -> None:
    if said != stands:
        report.add_error(row, column, "paper_stands", number=number, posted=_text(stands), said=_text(said))


def _missing_lines(row: int, number: str, missing: Iterable[int], report: Report) -> None:
    for line_no in sorted(missing):
        report.add_error(row, "line_no", "paper_lacks_line", number=number, found=line_no)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return "—" if value is None or value == "" else str(value)
