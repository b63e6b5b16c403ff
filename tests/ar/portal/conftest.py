"""The portal's fixture: a statement that was mailed, on the day after."""

from __future__ import annotations

import pytest

from kernel.clock import fixed_clock
from tests.ar.portal.debtor import NOW, sent_statement
from tests.support.companies import TestCompany


@pytest.fixture
def sent(company: TestCompany):  # type: ignore[no-untyped-def]
    """A statement of two invoices in a debtor's hands."""
    with fixed_clock(NOW):
        yield sent_statement(company)
