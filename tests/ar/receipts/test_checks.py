"""The examination finds money whose bank line, receipt or refund was changed past the product."""

from __future__ import annotations

from datetime import date

import pytest

from ar.receipts.checks import receipts_checks
from ar.receipts.matching.commands import accept_sure_matches
from ar.receipts.refunds.commands import request_refund
from ar.receipts.refunds.inputs import RequestRefund
from ar.receipts.refunds.queries import refund_page
from tests.ar.ledger.closing.audit.test_checks import tamper
from tests.support.approvals import approve_all, person
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key

AS_IT_CAME = "receipts: a matched bank line is posted as it came, for its customer"
TWICE = "receipts: no bank line is posted twice"
REFUND = "receipts: each refund that was paid is posted as it was decided"


@pytest.fixture
def books(world: World) -> World:
    """Money of a bank line that paid an invoice, and a refund that was decided and paid."""
    customer = world.customer("00001", "深圳鑫晟电子")
    world.invoice(customer, number="INV-2026-0417", minor=41_00)
    world.bank_line(on=date(2026, 11, 3), amount="41.00", payer="深圳鑫晟电子", text="INV-2026-0417")
    credit = world.receipt(customer, number="R-1", on=date(2026, 11, 3), minor=30_00)
    asker, *_deciders = (
        person(world, role, today=TODAY) for role in ("accountant", "finance_director", "general_manager")
    )
    given = {"amount": "10", "payee_name": "鑫晟", "reason": "多付", "key": fresh_key()}
    with world.transaction() as db:
        assert accept_sure_matches(db, world.actor()).posted == 1
        refund = request_refund(db, asker, credit, RequestRefund.model_validate(given))
    with world.reading() as db:
        asked = refund_page(db, world.tenant_id, refund)
    assert asked.approval_id is not None
    approve_all(world, asked.approval_id, TODAY)
    return world


def findings(world: World) -> list[str]:
    with world.reading() as db:
        return [check.name for check in receipts_checks(db, world.tenant_id) if not check.ok]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE bank_line SET amount_minor = amount_minor + 1 WHERE tenant_id = %s", [AS_IT_CAME]),
        ("UPDATE bank_line SET value_on = value_on - 9 WHERE tenant_id = %s", [AS_IT_CAME]),
        ("UPDATE bank_line SET currency = 'EUR' WHERE tenant_id = %s", [AS_IT_CAME]),
        (
            "UPDATE bank_line SET state = 'open', receipt_item_id = NULL WHERE tenant_id = %s",
            [TWICE],
        ),
        ("UPDATE refund SET amount_minor = amount_minor - 1 WHERE tenant_id = %s AND state = 'paid'", [REFUND]),
    ],
)
def test_what_was_changed_past_the_product_is_found(books: World, statement: str, broken: list[str]) -> None:
    assert findings(books) == []
    tamper(books.tenant_id, statement)
    assert findings(books) == broken
