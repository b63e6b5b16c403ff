"""A mail of which nobody knows whether it arrived: a person says so, or another takes its place; then none is open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from app.doctor import examine
from ar.cases.commands import resolve_delivery
from ar.cases.queue.inputs import ResolveDelivery
from ar.statements import queries
from ar.statements.commands import IssuedStatement
from kernel.clock import fixed_clock, moment_on
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from tests.ar.statements.debtors import xinsheng
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server
from tests.support.world import World

APRIL_2 = date(2026, 4, 2)
MONDAY = date(2026, 11, 2)
HANGS_UP = {"TEXT": "hang up"}


@pytest.fixture
def doubtful(world: World) -> Iterator[IssuedStatement]:
    """A statement whose mail the server hung up on, after the text."""
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        customer = xinsheng(world, "0001")
        world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
        issued = world.statement(customer)
        with rude_server(HANGS_UP) as url, smtp_at(url):
            assert "unknown" in drain(world.tenant_id)
        yield issued


def _mails_in_doubt(world: World) -> list[str]:
    """Returns what `huikuan doctor` says of mails that may have been sent."""
    return [line.detail for line in examine(world.slug) if "sent perhaps" in line.name and not line.ok]


def _mail_states(world: World) -> list[tuple[str, str | None]]:
    return [(mail.state, mail.reason) for mail in world.mails("statement")]


def _post_outcome(world: World, issued: IssuedStatement, outcome: str, role: str = "accountant") -> int:
    (mail,) = world.mails("statement")
    path = world.url(f"/statements/{issued.statement_id}/deliveries/{mail.id}/outcome")
    return world.client(role).post(path, data={"outcome": outcome}).status_code


def _statement_status(world: World, issued: IssuedStatement) -> str:
    with world.reading() as db:
        return queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2).status


def test_a_person_says_that_the_statement_arrived(world: World, doubtful: IssuedStatement) -> None:
    assert _mails_in_doubt(world)
    page = world.client().get(world.url(f"/statements/{doubtful.statement_id}")).text
    assert "It arrived" in page
    assert "It did not arrive" in page
    assert _post_outcome(world, doubtful, "nonsense") == 422
    assert _mail_states(world)[0][0] == "unknown", "nothing was said"
    assert _post_outcome(world, doubtful, "arrived") == 303
    assert _mail_states(world) == [("sent", "judged_arrived")]
    assert _statement_status(world, doubtful) == "sent"
    assert _mails_in_doubt(world) == []
    page = world.client().get(world.url(f"/statements/{doubtful.statement_id}")).text
    assert "It did not arrive" not in page
    assert "recorded by a person as delivered" in page
    assert _post_outcome(world, doubtful, "not_arrived") == 422, "it was judged before"
    j = JournalEvent
    with world.reading() as db:
        event = db.execute(
            sa.select(j.actor_kind, j.data).where(j.tenant_id == world.tenant_id, j.kind == "statement_mail_arrived")
        ).one()
    assert (event.actor_kind, event.data["to"]) == ("person", "lina@xinsheng.example")


def test_what_did_not_arrive_leaves_the_statement_unsent(world: World, doubtful: IssuedStatement) -> None:
    assert _post_outcome(world, doubtful, "not_arrived") == 303
    assert _mail_states(world) == [("failed", "judged_lost")]
    assert _statement_status(world, doubtful) == "not_sent"
    assert _mails_in_doubt(world) == []


def test_from_the_list_of_mails_a_statement_is_sent_again_with_a_new_link(
    world: World, doubtful: IssuedStatement, post: Post
) -> None:
    (mail,) = world.mails("statement")
    client = world.client()
    assert "Sending was interrupted" in client.get(world.url("/mails/")).text
    assert client.post(world.url(f"/mails/{mail.id}/settlement"), data={"outcome": "send_again"}).status_code == 303
    assert "sent" in drain(world.tenant_id)
    assert [state for state, _ in _mail_states(world)] == ["failed", "sent"]
    assert "/p/" in post.to("lina@xinsheng.example")[0].text
    assert _mails_in_doubt(world) == []


def test_sending_again_settles_the_one_before_as_replaced(world: World, doubtful: IssuedStatement, post: Post) -> None:
    client, url = world.client(), world.url(f"/statements/{doubtful.statement_id}")
    assert client.post(f"{url}/deliveries").status_code == 303
    assert "sent" in drain(world.tenant_id)
    assert _mail_states(world) == [("failed", "replaced"), ("sent", None)]
    assert len(post.to("lina@xinsheng.example")) == 1
    assert _mails_in_doubt(world) == []
    assert "sent again since" in client.get(url).text


def test_only_who_may_issue_judges_and_only_mails_of_that_statement(
    world: World, other_company: TestCompany, doubtful: IssuedStatement
) -> None:
    assert _post_outcome(world, doubtful, "arrived", "cost_accountant") == 403
    (mail,) = world.mails("statement")
    path = f"/statements/{doubtful.statement_id}/deliveries/{mail.id}/outcome"
    assert other_company.client().post(other_company.url(path), data={"outcome": "arrived"}).status_code == 404
    assert _mail_states(world)[0][0] == "unknown"


@pytest.mark.parametrize(("outcome", "state"), [("arrived", "sent"), ("send_again", "failed")])
def test_a_letter_that_was_judged_leaves_no_mail_in_doubt(world: World, outcome: str, state: str) -> None:
    world.invoice(number="A1", due_on=date(2026, 11, 1))
    world.run_day(on=MONDAY)
    (letter,) = world.actions()
    world.release(letter.id, on=MONDAY)
    with rude_server(HANGS_UP) as url, smtp_at(url):
        assert world.send_mail(on=MONDAY) == ["unknown"]
    assert _mails_in_doubt(world)
    with world.transaction() as db:
        resolve_delivery(db, world.actor(MONDAY), letter.id, ResolveDelivery.model_validate({"outcome": outcome}))
    m = MailMessage
    with world.reading() as db:
        assert db.execute(sa.select(m.state).where(m.tenant_id == world.tenant_id)).scalars().all() == [state]
    assert _mails_in_doubt(world) == []
