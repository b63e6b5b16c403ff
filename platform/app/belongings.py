"""What entries belong to, gathered from the slices: the ledger's page of an entry leads to the bill, charge or receipt.

Invariant: the web process has called `install` before it answers.
"""

from __future__ import annotations

import ar.bills.belonging
import ar.interest.belonging
import ar.losses.belonging
import ar.receipts.belonging
from ar.ledger.belongings import ENTRY_NAMES, FINDERS
from ar.reports.messages import EVENTS


def install() -> None:
    """Makes each slice's finder known to the ledger; again does no harm."""
    FINDERS["bills"] = ar.bills.belonging.of_entry
    FINDERS["interest"] = ar.interest.belonging.of_entry
    FINDERS["losses"] = ar.losses.belonging.of_entry
    FINDERS["receipts"] = ar.receipts.belonging.of_entry
    # A bill's entries are called as its events are.
    ENTRY_NAMES.update({kind: names[0] for kind, names in EVENTS.items() if kind.startswith("bill_")})
