"""What becomes of a statement's mail: only a refused address is muted, the rest goes again; no link stays readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from ar.customers.models import Contact
from ar.statements import queries
from ar.statements.commands import IssuedStatement, send_statement
from kernel.clock import fixed_clock, moment_on
from kernel.errors import RuleBroken
from tests.ar.statements.debtors import xinsheng
from tests.support.delivery import Post, drain, smtp_at
from tests.support.rude import rude_server
from tests.support.world import World

APRIL_2 = date(2026, 4, 2)


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        yield


@pytest.fixture
def issued(world: World) -> IssuedStatement:
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=100_000)
    return world.statement(customer)


def _statement_status(world: World, issued: IssuedStatement) -> str:
    with world.reading() as db:
        return queries.statement_view(db, world.tenant_id, issued.statement_id, APRIL_2).status


def _suppressed_reasons(world: World) -> list[str | None]:
    c = Contact
    with world.reading() as db:
        return list(db.execute(sa.select(c.suppressed_reason).where(c.tenant_id == world.tenant_id)).scalars())


def _statement_page(world: World, issued: IssuedStatement) -> str:
    return world.client().get(world.url(f"/statements/{issued.statement_id}")).get_data(as_text=True)


def test_an_address_that_the_server_refused_for_good_is_not_written_to_again(
    world: World, issued: IssuedStatement
) -> None:
    with rude_server({"RCPT": "550 5.1.1 no such mailbox"}) as url, smtp_at(url):
        assert "failed" in drain(world.tenant_id)
    assert _statement_status(world, issued) == "not_sent"
    assert _suppressed_reasons(world) == ["550 5.1.1 no such mailbox"]
    assert "no such mailbox" in _statement_page(world, issued)
    with world.transaction() as db, pytest.raises(RuleBroken) as refused:
        send_statement(db, world.actor(APRIL_2), issued.statement_id)
    assert refused.value.code == "statement_no_contact"


def test_a_mail_refused_for_our_sake_says_so_and_goes_again_to_the_same_contact(
    world: World, issued: IssuedStatement, post: Post
) -> None:
    """Given our own quota is used up, when the mail comes back, then the contact is as good as before."""
    with rude_server({"DATA": "550 5.7.1 sender quota exceeded"}) as url, smtp_at(url):
        assert "failed" in drain(world.tenant_id)
    assert _statement_status(world, issued) == "not_sent"
    assert _suppressed_reasons(world) == [None]
    shown = _statement_page(world, issued)
    for expected in ("Bounced", "lina@xinsheng.example", "550 5.7.1 sender quota exceeded", ">Send<"):
        assert expected in re.sub(r"\s+(?=<)|(?<=>)\s+", "", shown), expected
    assert "Bounced" in world.client().get(world.url("/statements/")).get_data(as_text=True)
    world.client().post(world.url(f"/statements/{issued.statement_id}/deliveries"))
    assert "sent" in drain(world.tenant_id)
    assert len(post.to("lina@xinsheng.example")) == 1
    assert _statement_status(world, issued) == "sent"
    assert "was not delivered" not in _statement_page(world, issued)


def test_the_link_reaches_the_debtor_and_is_kept_nowhere(world: World, issued: IssuedStatement, post: Post) -> None:
    """Given a mail that was sent, when somebody reads the stored one, then it opens nothing; the debtor's does."""
    assert "sent" in drain(world.tenant_id)
    (caught,) = post.to("lina@xinsheng.example")
    assert issued.portal_url
    secret = issued.portal_url.rpartition("/")[2]
    assert secret in caught.text
    (stored,) = world.mails("statement")
    assert stored.body_html
    for body in (stored.body_text, stored.body_html):
        assert secret not in body
        assert "/p/…" in body
    assert "ST-2026-03-000001" in stored.body_text, "the words stay readable"
    assert world.app.test_client().get(f"/p/{secret}").status_code == 200
