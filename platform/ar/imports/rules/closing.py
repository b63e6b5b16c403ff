"""Totals of what was read, held against the file's own closing line.

Invariant: a difference is said and refuses nothing: rows that the mapping passes over may be in the file's sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ar.imports.inputs import ControlTotal, ParsedItem, ParsedLimit, ParsedOrderLine, ParsedReceipt, Report
from ar.imports.rules.amounts import BadCell, minor_units, without_side
from kernel.money import format_minor
from kernel.sheets.binding import Binding
from kernel.sheets.mapping import ColumnMapping

_CREDITS: Final = ("credit_note", "receipt")


def control_totals(parsed: Sequence[ParsedItem | ParsedReceipt | ParsedLimit | ParsedOrderLine]) -> list[ControlTotal]:
    """Returns row counts and sums by kind and currency, as written in the file, for comparison with the source."""
    sums: dict[tuple[str, str], list[int]] = {}
    for row in parsed:
        kind = "receipt" if isinstance(row, ParsedReceipt) else row.kind
        total = sums.setdefault((kind, row.currency), [0, 0])
        total[0] += 1
        total[1] += row.amount_minor or 0
    return [ControlTotal(kind, currency, count, minor) for (kind, currency), (count, minor) in sorted(sums.items())]


def check_closing(
    sums: Sequence[tuple[int, list[str]]],
    binding: Binding,
    mapping: ColumnMapping,
    rows: Sequence[ParsedItem | ParsedReceipt],
    report: Report,
) -> None:
    """Warns when no sum of the file is what its rows come to; `sums` are its lines of totals as (row, cells).

    Each rounded row may be one minor unit off. The last line counts, else all lines together (sums of groups alone),
    else all but the last (groups and a whole).
    """
    currencies = {row.currency for row in rows}
    if report.errors_total or len(currencies) != 1:
        return
    (currency,) = currencies
    try:
        read = [(row, _sum_of(cells, binding, mapping, currency)) for row, cells in sums]
    except BadCell:
        return  # a sum that nobody can read says nothing
    found = [(row, minor) for row, minor in read if minor is not None]
    if not found:
        return
    written = sum(row.amount_minor for row in rows)
    net = sum(-abs(row.amount_minor) if _is_credit(row) else abs(row.amount_minor) for row in rows)
    row, last = found[-1]
    together = sum(minor for _row, minor in found)
    rounded = len(report.warnings_of("amount_rounded"))
    said = (last, together, together - last)
    if not any(abs(one - other) <= rounded for one in said for other in (written, net, -net)):
        shown = {"found": format_minor(last, currency), "read": format_minor(net, currency), "currency": currency}
        report.add_warning(row, "amount", "closing_differs", **shown)


def _is_credit(row: ParsedItem | ParsedReceipt) -> bool:
    return isinstance(row, ParsedItem) and row.kind in _CREDITS


def _sum_of(cells: Sequence[str], binding: Binding, mapping: ColumnMapping, currency: str) -> int | None:
    """Returns the sum in a line of totals, of the amount or of debits less credits. Raises BadCell."""
    places = binding.places
    if "amount" in places:
        return _minor(cells, places["amount"], mapping, currency)
    debit, credit = (
        _minor(cells, places[name], mapping, currency) if name in places else None for name in ("debit", "credit")
    )
    return None if debit is None and credit is None else (debit or 0) - (credit or 0)


def _minor(cells: Sequence[str], place: int, mapping: ColumnMapping, currency: str) -> int | None:
    if place >= len(cells) or not cells[place]:
        return None
    plain, turned = without_side(cells[place])
    minor, _rounded = minor_units("amount", plain, currency, mapping.model_copy(update={"rounding": "half_up"}))
    return -minor if turned else minor
