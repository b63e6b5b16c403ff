"""Writes the list of limits and exposure as a workbook for people or as CSV for programs.

Invariant: amounts leave as exact decimals with their currency's places; customer numbers stay text.
"""

from __future__ import annotations

from collections.abc import Sequence

from ar.credit.exposure.messages import PART_LABELS
from ar.credit.exposure.rows import AccountRow
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.money import Money
from kernel.sheets import Cell, Column, Sheet, write_csv, write_xlsx
from web.formatters import datetime as write_datetime


def limits_xlsx(rows: Sequence[AccountRow], actor: Actor) -> bytes:
    """Returns the rows as a workbook with who made it and when below."""
    moment = write_datetime(actor.now, actor.timezone)
    footer = [_("Created by %(name)s on %(moment)s", name=actor.name, moment=moment)]
    title = f"{_('Limits')} {actor.today.isoformat()}"
    return write_xlsx([Sheet(title, _columns(), [_cells(row) for row in rows], [], footer)])


def limits_csv(rows: Sequence[AccountRow]) -> bytes:
    """Returns the rows as CSV under one header."""
    return write_csv([_cells(row) for row in rows], _columns())


def _columns() -> list[Column]:
    parts = [Column(_(label), "amount") for label in PART_LABELS.values()]
    return [
        Column(_("Customer number"), width=14),
        Column(_("Customer"), width=36),
        Column(_("Grade"), width=8),
        Column(_("Currency"), width=9),
        Column(_("Limit"), "amount"),
        Column(_("Temporary limit"), "amount"),
        Column(_("Temporary until"), "date"),
        Column(_("Credit term in days")),
        *parts,
        Column(_("Exposure"), "amount"),
        Column(_("Available"), "amount"),
        Column(_("Over the limit"), width=10),
        Column(_("Documents past due")),
    ]


def _cells(row: AccountRow) -> list[Cell]:
    account, limit = row.account, row.account.limit

    def money(minor: int | None) -> Cell:
        return None if minor is None else Money(minor, account.currency)

    parts = account.parts
    return [
        row.customer_no,
        row.customer_name,
        limit.grade or "",
        account.currency,
        _("Unlimited") if limit.unlimited else money(limit.regular_minor),
        money(limit.temporary_minor),
        row.temporary_to,
        limit.term_days,
        *(money(None if parts is None else getattr(parts, f"{name}_minor")) for name in PART_LABELS),
        money(account.exposure_minor),
        money(account.available_minor),
        _("Yes") if account.is_over else _("No"),
        account.past_due_items,
    ]
