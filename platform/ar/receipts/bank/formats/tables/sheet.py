"""An opened bank table: its columns, how its rows are written, and what its title rows say of account and currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Final

from ar.receipts.bank.formats.events import Source, clean
from ar.receipts.bank.formats.tables.content import (
    DOLLAR,
    DOLLARS,
    ROWS_SEEN,
    by_content,
    iban_in,
    written_currency,
)
from ar.receipts.bank.formats.tables.counts import MAX_NOTHING_CHARS, NOTHING
from ar.receipts.bank.formats.tables.layout import Layout, currency_code, find_layout, is_header
from ar.receipts.bank.formats.tables.survey import Survey, data_rows, survey
from kernel.sheets import Table, open_table
from kernel.sheets.mapping import ColumnMapping

_TITLE_ACCOUNT = re.compile(
    r"(?:账\s*号|帐\s*号|账户号码|account\s*(?:no|number)\.?)\W{0,4}([0-9A-Z][0-9A-Z -]{5,40})(?!\*)", re.IGNORECASE
)
_TITLE_CURRENCY = re.compile(r"(?:币\s*种|货\s*币|currency)\W{0,4}([A-Z]{3}|[\u4e00-\u9fff]{2,5})", re.IGNORECASE)
#: Fields whose numbers a spreadsheet must not have shortened.
_NUMBERS: Final = ("in", "out", "amount", "balance", "account", "payer_account", "payee_account", "reference")
_MORE_NUMBERS: Final = ("customer_reference", "own_account")
#: Words that are asked about are listed once each, and no more than so many.
_MAX_ASKED: Final = 30


@dataclass(slots=True)
class Account:
    """The balances of one account and currency of the file, collected row by row."""

    ref: int
    currency: str
    first: tuple[date, int, int] | None = None  # day, movement, balance behind it
    last: tuple[date, int, int] | None = None
    total: int = 0
    balanced: bool = True


class Sheet:
    """The opened file: its columns, how they are written, account and currency in its title rows."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mapping = ColumnMapping.model_validate(source.mapping) if source.mapping is not None else None
        self.table: Table = open_table(source.data, source.filename, is_header, told=self.mapping)
        rows = [row.cells for row in islice(data_rows(self.table), ROWS_SEEN)]
        told = self.mapping is not None and bool(self.mapping.columns)
        self.layout: Layout = by_content(find_layout(self.table.headers, self.mapping), rows, told=told)
        self.survey: Survey = survey(self.table, self.layout, self.mapping)
        if self.survey.status_at is not None:
            self.layout = replace(self.layout, at={**self.layout.at, "status": self.survey.status_at})
        title = " ".join(cell for row in self.table.above() for cell in row if cell)
        account, currency = _TITLE_ACCOUNT.search(title), _TITLE_CURRENCY.search(title)
        iban = iban_in(cell for row in self.table.above() for cell in row)
        self.account_no = iban or (clean(account[1]) if account else "")
        written = written_currency(self.layout, rows)
        self.in_dollars = written == DOLLAR
        self.currency = currency_code(currency[1]) if currency else self.layout.currency
        self.currency = self.currency or ("" if self.in_dollars else written)
        known = self.layout.at
        self.numbers = [*(known[name] for name in (*_NUMBERS, *_MORE_NUMBERS) if name in known), *self.layout.texts]
        self.constants = dict(self.mapping.constants) if self.mapping else {}
        self.at = {name: place for name, place in self.layout.at.items() if name not in self.constants}
        self.accounts: dict[tuple[str, str], Account] = {}
        self.asked: set[tuple[str, str]] = set()
        self.below = False

    def currency_of(self, account_no: str) -> str:
        """Returns the currency of an account of which the file states none; a dollar sign is no yuan."""
        found = self.source.currency_of(account_no)
        return "USD" if self.in_dollars and found not in DOLLARS else found

    def cell(self, cells: Sequence[str], name: str) -> str:
        """Returns the cell of a field, empty for the signs that stand for nothing."""
        at = self.at.get(name)
        if at is None:
            return self.constants.get(name, "")
        text = cells[at] if at < len(cells) else ""
        if text[:1] == "`":
            text = text[1:]
        return "" if len(text) <= MAX_NOTHING_CHARS and text.casefold() in NOTHING else text

    def word(self, cells: Sequence[str], name: str) -> str:
        """Returns the cell of a mark or status as it stands: "/" is a word there."""
        at = self.layout.at.get(name)
        return cells[at].lstrip("`") if at is not None and at < len(cells) else ""

    def asks(self, code: str, found: str) -> bool:
        """Tells that a word has not been asked about yet, and notes it."""
        key = (code, found)
        if key in self.asked or len(self.asked) >= _MAX_ASKED:
            return False
        self.asked.add(key)
        return True
