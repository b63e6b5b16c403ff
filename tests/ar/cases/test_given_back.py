"""A letter that came back: whose fault it was, who is still written to, and how it goes again."""

from __future__ import annotations

from datetime import date, time

import pytest
import sqlalchemy as sa

from ar.cases.commands import approve_action, resolve_delivery
from ar.cases.inputs import ApproveAction, ResolveDelivery
from ar.cases.sending import record_letter_delivery
from ar.customers.models import Contact
from kernel import mail, outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.mail import MailMessage
from tests.ar.cases.desk import Desk, Postbox
from tests.support.delivery import smtp_at
from tests.support.rude import rude_server

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def released(desk: Desk):  # type: ignore[no-untyped-def]
    """One letter, approved."""
    desk.run(MONDAY)
    (letter,) = desk.actions("proposed")
    desk.approve(MONDAY, letter.id)
    return letter


def muted(desk: Desk) -> list[str]:
    c = Contact
    with desk.company.reading() as db:
        query = sa.select(c.email).where(c.tenant_id == desk.company.tenant_id, c.suppressed_at.is_not(None))
        return list(db.execute(query).scalars())


@pytest.mark.parametrize(
    "answers",
    [{"RCPT": "550 5.7.1 blocked by policy"}, {"DATA": "554 5.7.1 spam"}, {"TEXT": "552 message too large"}],
    ids=["policy", "data refused", "text refused"],
)
def test_our_own_trouble_mutes_nobody_and_the_letter_goes_again(
    desk: Desk, postbox: Postbox, answers: dict[str, str]
) -> None:
    """Given a server that refuses us, when a letter comes back, then contacts stay, and it can be sent again."""
    item = desk.invoice("A1", DUE)
    letter = released(desk)
    with rude_server(answers) as url, smtp_at(url):
        assert desk.send(MONDAY) == ["failed"]
    assert [(action.code, action.state) for action in desk.actions()] == [("due_notice", "failed")]
    assert muted(desk) == []
    assert (desk.state(item).level_reached, desk.state(item).waiting) == (0, True)
    client, url_of = desk.company.client(), desk.company.url
    page = client.get(url_of("/cases/?tab=problems"))
    assert "Send again" in page.text
    again = client.post(url_of(f"/cases/actions/{letter.id}/outcome"), data={"outcome": "send_again"})
    assert again.status_code == 303
    assert [step.state for step in desk.steps(item)] == ["proposed"]
    desk.approve(MONDAY, letter.id)
    assert desk.send(MONDAY, time(9, 40)) == ["sent"]
    assert len(postbox.mails) == 1
    (action,) = desk.actions()
    assert (action.state, action.number) == ("delivered", "DN-2026-000001")
    assert (desk.state(item).level_reached, desk.state(item).waiting) == (1, False)


def test_a_refused_address_is_muted_and_a_task_asks_for_a_better_one(desk: Desk, postbox: Postbox) -> None:
    """Given an address that does not exist, when the letter is refused for it, then it is not written to again."""
    postbox.refused.add("ar@00001.example")
    desk.invoice("A1", DUE)
    released(desk)
    assert desk.send(MONDAY) == ["failed"]
    assert muted(desk) == ["ar@00001.example"]
    assert {action.code for action in desk.actions("proposed")} == {"mend_contact"}


def test_a_demand_sent_again_gets_a_deadline_of_its_new_day(desk: Desk, postbox: Postbox) -> None:
    """Given a demand that came back, when it goes a week later, then the old deadline is not in it."""
    desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 13))
    desk.run(date(2026, 11, 16))
    (letter,) = desk.actions("proposed")
    desk.approve(date(2026, 11, 16), letter.id)
    with rude_server({"DATA": "554 quota"}) as url, smtp_at(url):
        assert desk.send(date(2026, 11, 16)) == ["failed"]
    later = date(2026, 11, 24)
    with desk.company.transaction() as db:
        resolve_delivery(db, desk.company.actor(later), letter.id, ResolveDelivery(outcome="send_again"))
    desk.approve(later, letter.id)
    assert desk.send(later) == ["sent"]
    text = postbox.mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "2026-12-01" in text
    assert "2026-11-23" not in text


def test_what_became_of_an_earlier_mail_does_not_touch_the_letter_sent_again(desk: Desk, postbox: Postbox) -> None:
    """Given a letter sent again after doubt, when word of its first mail comes, then only the second mail counts."""
    item = desk.invoice("A1", DUE)
    letter = released(desk)
    tenant_id = desk.company.tenant_id
    first = desk.actions()[0].mail_id
    with fixed_clock(moment_on(MONDAY, desk.company.timezone, time(9, 5))), desk.company.transaction() as db:
        outbox.claim(db, tenant_id, utc_now())
        mail.begin_sending(db, tenant_id, first)
        record_letter_delivery(db, desk.company.actor(MONDAY), mail.get(db, tenant_id, first), "unknown")
    with desk.company.transaction() as db:
        resolve_delivery(db, desk.company.actor(MONDAY), letter.id, ResolveDelivery(outcome="send_again"))
    desk.approve(MONDAY, letter.id)
    with desk.company.transaction() as db:
        record_letter_delivery(db, desk.company.actor(MONDAY), mail.get(db, tenant_id, first), "failed")
    (action,) = desk.actions()
    assert (action.state, action.mail_id == first) == ("approved", False)
    assert desk.state(item).level_reached == 0


def test_a_namesake_is_told_who_decided(desk: Desk) -> None:
    """Given two colleagues of one name, when the second approves too, then she is told instead of waved through."""
    desk.invoice("A1", DUE)
    letter = released(desk)
    with pytest.raises(Conflict) as told, desk.company.transaction() as db:
        approve_action(db, desk.company.actor(MONDAY, user_id=new_id()), letter.id, ApproveAction())
    assert told.value.code == "action_decided"
    desk.approve(MONDAY, letter.id)  # the first one again
    with desk.company.reading() as db:
        count = sa.select(sa.func.count()).where(MailMessage.tenant_id == desk.company.tenant_id)
        assert db.execute(count).scalar_one() == 1
