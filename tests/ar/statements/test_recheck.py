"""Right before sending: a mail whose own link is closed, or whose reader is gone, stays here."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.customers.models import Contact
from ar.statements.commands import send_statement
from ar.statements.mails import COPY_PURPOSE, PURPOSE
from kernel import mail
from kernel.clock import fixed_clock, moment_on
from tests.ar.statements.debtors import xinsheng
from tests.support.delivery import Post, drain
from tests.support.world import World


@pytest.fixture
def statement_id(world: World) -> UUID:
    """A statement whose mail still waits."""
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    return world.statement(customer).statement_id


def _send(world: World) -> None:
    with fixed_clock(moment_on(world.today, world.timezone)):
        drain(world.tenant_id)


def _states(world: World, purpose: str = PURPOSE) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in world.mails(purpose)]


def test_of_a_statement_sent_three_times_before_the_first_left_one_arrives_with_a_link_that_opens(
    world: World, statement_id: UUID, post: Post
) -> None:
    for _time in range(2):
        with world.transaction() as db:
            url = send_statement(db, world.actor(), statement_id)
    _send(world)
    assert _states(world) == [("suppressed", "link_closed"), ("suppressed", "link_closed"), ("sent", None)]
    (arrived,) = post.all()
    assert url in arrived.text


@pytest.mark.parametrize(
    "change", [{"active": False}, {"email": "other@xinsheng.example"}], ids=["out of use", "another address"]
)
@pytest.mark.parametrize("purpose", [PURPOSE, COPY_PURPOSE])
def test_who_is_no_contact_any_more_gets_nothing(
    world: World, statement_id: UUID, post: Post, change: dict[str, object], purpose: str
) -> None:
    if purpose == COPY_PURPOSE:
        (waiting,) = world.mails(PURPOSE)
        _send(world)
        with world.transaction() as db:
            copy = mail.OutgoingMail(waiting.to_address, "", "Your answer", "Agreed.\n")
            mail.queue_mail(
                db, world.actor(), copy, purpose=purpose, subject_id=statement_id, customer_id=waiting.customer_id
            )
    before = len(post.all())
    with world.transaction() as db:
        db.execute(sa.update(Contact).where(Contact.tenant_id == world.tenant_id).values(**change))
    _send(world)
    assert _states(world, purpose) == [("suppressed", "contact_suppressed")]
    assert len(post.all()) == before
