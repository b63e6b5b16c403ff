"""Lists the slices of the product, from which pages, jobs, mails, texts, checks, navigation and commands come.

A new slice is a line here, a name in the layers of `pyproject.toml`, and its migration.
"""

from __future__ import annotations

from typing import Final

from ar.bills.slice import SLICE as BILLS
from ar.cases.slice import SLICE as CASES
from ar.credit.slice import SLICE as CREDIT
from ar.customers.slice import SLICE as CUSTOMERS
from ar.imports.slice import SLICE as IMPORTS
from ar.interest.slice import SLICE as INTEREST
from ar.ledger.slice import SLICE as LEDGER
from ar.losses.slice import SLICE as LOSSES
from ar.portal.slice import SLICE as PORTAL
from ar.receipts.slice import SLICE as RECEIPTS
from ar.reports.slice import SLICE as REPORTS
from ar.sales.slice import SLICE as SALES
from ar.statements.slice import SLICE as STATEMENTS
from tenants.slice import Slice
from tenants.wiring import SLICE as TENANTS

SLICES: Final[tuple[Slice, ...]] = (
    TENANTS,
    BILLS,
    CASES,
    CREDIT,
    CUSTOMERS,
    IMPORTS,
    INTEREST,
    LEDGER,
    LOSSES,
    PORTAL,
    RECEIPTS,
    REPORTS,
    SALES,
    STATEMENTS,
)
