"""What the customer's credit says to a contract: its reviewers are told, and the blacklist makes none."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.customers.file.models import BlacklistEntry
from ar.sales.rules.checklist import ADVISED, BEFORE_REVIEW
from kernel.errors import RuleBroken
from kernel.ids import new_id
from tests.ar.sales.contracts.test_contracts import Office
from tests.support.world import World


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def list_customer(world: World, customer: UUID) -> None:
    """Puts a customer on the blacklist as its last approval leaves it."""
    values = {"state": "listed", "reason": "fraud", "proposed_by": "林晓", "proposed_at": world.actor().now}
    with world.transaction() as db:
        db.execute(
            sa.insert(BlacklistEntry).values(
                tenant_id=world.tenant_id,
                id=new_id(),
                customer_id=customer,
                listed_at=world.actor().now,
                **values,
            )
        )


def facts_shown(world: World, approval_id: UUID) -> str:
    page = world.client("sales_manager").get(world.url(f"/approvals/{approval_id}")).text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_no_contract_is_made_with_a_blacklisted_customer(world: World, office: Office) -> None:
    customer = world.customer()
    reviewed = office.contract(customer)
    office.approve(office.submit(reviewed), office.manager)
    list_customer(world, customer)
    with pytest.raises(RuleBroken, match="contract_blacklisted"):
        office.seal(reviewed)
    with pytest.raises(RuleBroken, match="contract_blacklisted"):
        office.submit(office.contract(customer))
    assert office.state(reviewed) == "reviewed"


@pytest.mark.parametrize(
    ("term_days", "said"),
    [(30, "Credit term 30 days In force"), (31, "Credit term 31 days, longer than the 30 days granted")],
)
def test_who_reviews_one_reads_what_was_granted(world: World, office: Office, term_days: int, said: str) -> None:
    customer = world.creditor(500_000_00, grade="B")
    shown = facts_shown(world, office.submit(office.contract(customer, term_days=term_days)))
    assert said in shown
    assert re.search(r"Credit granted grade B · \S*500,000.00 · 30 days", shown), shown


def test_without_credit_orders_are_paid_in_advance(world: World, office: Office) -> None:
    shown = facts_shown(world, office.submit(office.contract(world.customer())))
    assert "Credit granted none: orders on it are paid in advance" in shown


def test_what_it_does_not_say_of_late_payment_is_told_and_refuses_nothing(world: World, office: Office) -> None:
    customer = world.customer()
    shown = facts_shown(world, office.submit(office.contract(customer)))
    assert "The contract does not say Interest on late payment and how it is computed; Consequences" in shown
    full = office.submit(office.contract(customer, checklist=[*BEFORE_REVIEW, *ADVISED]))
    assert "The contract does not say" not in facts_shown(world, full)
