"""Formats of bank files, one module per format: bytes in, a stream of events out. Pure, no database.

A new format is a module with a `FORMAT`, its place in this list, and its tests.
"""

from __future__ import annotations

from typing import Final

from ar.receipts.bank.formats import mt940, ofx
from ar.receipts.bank.formats.camt import statements as camt
from ar.receipts.bank.formats.events import BankFormat
from ar.receipts.bank.formats.tables import parsing as tables

#: In the order in which they are asked; a table takes any text and comes last.
FORMATS: Final[tuple[BankFormat, ...]] = (
    ofx.FORMAT,
    mt940.FORMAT,
    camt.STATEMENT,
    camt.REPORT,
    camt.NOTIFICATION,
    tables.FORMAT,
)
