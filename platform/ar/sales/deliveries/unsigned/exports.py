"""Writes the list of unsigned notes as a file, in the current language (R308)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ar.sales.deliveries.unsigned.queries import UnsignedNote
from kernel.i18n import gettext as _
from kernel.sheets import Cell, Column, write_csv


def notes_csv(notes: Sequence[UnsignedNote], mode_names: Mapping[str, str]) -> bytes:
    """Returns the list as CSV; `mode_names`: way of delivery → its name."""
    columns = [
        Column(_("Delivery note")),
        Column(_("Shipped on")),
        Column(_("Customer number")),
        Column(_("Customer")),
        Column(_("Way")),
        Column(_("Carrier or driver")),
        Column(_("Salesperson")),
        Column(_("Days out")),
        Column(_("Reason")),
        Column(_("Measure")),
    ]
    rows: list[list[Cell]] = [
        [
            note.number,
            note.shipped_on,
            note.customer_no,
            note.customer_name,
            mode_names[note.mode],
            note.carrier or note.driver,
            note.salesperson,
            note.days_out,
            note.reason or note.short_reason,
            note.measure or "",
        ]
        for note in notes
    ]
    return write_csv(rows, columns)
