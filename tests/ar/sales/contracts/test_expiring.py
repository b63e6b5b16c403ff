"""Contracts that end: who is told, once, and how far the list looks ahead (R098)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from ar.credit.policy.commands import set_credit_policy
from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.sales.contracts.expiring.mails import remind
from ar.sales.models import Contract
from kernel.mail import MailMessage
from tests.support.approvals import person
from tests.support.clock import NOW
from tests.support.world import World


def mailed(world: World) -> list[tuple[str, str]]:
    """Runs the job; returns (address, text) of every reminder so far, by address."""
    with world.transaction() as db:
        remind(db, world.actor(), {})
    mail = MailMessage
    with world.reading() as db:
        rows = db.execute(
            sa.select(mail.to_address, mail.body_text).where(
                mail.tenant_id == world.tenant_id, mail.purpose == "contract_expiring"
            )
        )
        return sorted((row.to_address, row.body_text) for row in rows)


def number_of(world: World, contract: object) -> str:
    with world.reading() as db:
        found = sa.select(Contract.number).where(Contract.tenant_id == world.tenant_id, Contract.id == contract)
        return str(db.execute(found).scalar_one())


def test_owner_and_manager_are_told_once_what_follows_the_end(world: World) -> None:
    owner, _manager, _other = (person(world, role) for role in ("salesperson", "sales_manager", "salesperson"))
    assert owner.user_id is not None
    customer = world.customer(name="鑫晟")
    world.own(customer, owner.user_id)
    ends_on = world.today + timedelta(days=30)
    contract = world.contract(customer, end=ends_on)
    world.contract(customer, end=ends_on + timedelta(days=1))
    world.contract(customer, end=ends_on, state="draft")
    world.contract(customer)
    number = number_of(world, contract)
    found = mailed(world)
    assert len(found) == 2, "the owner and the manager, nobody else"
    for _to, text in found:
        assert number in text
        assert text.count("CT-") == 1 or text.count(number) == 1
        assert ends_on.isoformat() in text
        assert "held until a new contract is sealed" in text or "直到新合同盖章" in text
    assert mailed(world.on(world.today + timedelta(days=0))) == found
    assert len(mailed(world.on(world.today + timedelta(days=1)))) == 4, "the next one, a day later"
    assert len(mailed(world.on(world.today + timedelta(days=20)))) == 4


def test_a_contract_that_was_signed_again_is_nobodys_business(world: World) -> None:
    person(world, "sales_manager")
    customer = world.customer()
    old = world.contract(customer, end=world.today + timedelta(days=10))
    new = world.contract(customer, start=world.today + timedelta(days=11), state="reviewed")
    with world.transaction() as db:
        db.execute(
            sa.update(Contract)
            .where(Contract.tenant_id == world.tenant_id, Contract.id == new)
            .values(replaces_id=old, state="sealed", sealed_at=world.actor().now, sealed_by="林晓")
        )
    assert mailed(world) == []


def test_a_company_looks_as_far_ahead_as_it_says(world: World) -> None:
    world = world.on(NOW.date())
    person(world, "sales_manager")
    customer = world.customer()
    contract = world.contract(customer, end=world.today + timedelta(days=45))
    office, path = world.client("gm_office"), world.url("/contracts/?state=expiring")
    number = number_of(world, contract)
    assert number not in office.get(path).text
    assert mailed(world) == []
    with world.transaction() as db:
        values = {name: value for name, value in form_values(DEFAULT_POLICY).items() if value != ""}
        data = SetCreditPolicy.model_validate(values | {"contract_notice_days": "45"})
        set_credit_policy(db, world.actor(), data)
    assert number in office.get(path).text
    assert len(mailed(world)) == 1
