"""A letter that came back: whose fault it was, who is still written to, and how it goes again."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa

from ar.cases.commands import release_action, resolve_delivery
from ar.cases.letters.sending import record_letter_delivery
from ar.cases.queue.inputs import ReleaseAction, ResolveDelivery
from ar.customers.models import Contact
from kernel import mail, outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.mail import MailMessage
from tests.support.delivery import smtp_at
from tests.support.postbox import Postbox
from tests.support.rude import rude_server
from tests.support.world import World

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def released_letter(world: World) -> sa.Row[Any]:
    """Runs the day and releases its one letter; returns the letter."""
    world.run_day(on=MONDAY)
    (letter,) = world.actions("proposed")
    world.release(letter.id, on=MONDAY)
    return letter


def suppressed_addresses(world: World) -> list[str]:
    c = Contact
    with world.reading() as db:
        query = sa.select(c.email).where(c.tenant_id == world.tenant_id, c.suppressed_at.is_not(None))
        return list(db.execute(query).scalars())


@pytest.mark.parametrize(
    "answers",
    [{"RCPT": "550 5.7.1 blocked by policy"}, {"DATA": "554 5.7.1 spam"}, {"TEXT": "552 message too large"}],
    ids=["policy", "data refused", "text refused"],
)
def test_our_own_trouble_mutes_nobody_and_the_letter_goes_again(
    world: World, postbox: Postbox, answers: dict[str, str]
) -> None:
    """Given a server that refuses us, when a letter comes back, then contacts stay, and it can be sent again."""
    item = world.invoice(number="A1", due_on=DUE)
    letter = released_letter(world)
    with rude_server(answers) as url, smtp_at(url):
        assert world.send_mail(on=MONDAY) == ["failed"]
    assert [(action.code, action.state) for action in world.actions()] == [("due_notice", "failed")]
    assert suppressed_addresses(world) == []
    assert (world.ladder_state(item).level_reached, world.ladder_state(item).waiting) == (0, True)
    client, url_of = world.client(), world.url
    page = client.get(url_of("/cases/?tab=problems"))
    assert "Send again" in page.text
    again = client.post(url_of(f"/cases/actions/{letter.id}/outcome"), data={"outcome": "send_again"})
    assert again.status_code == 303
    assert [step.state for step in world.steps(item)] == ["proposed"]
    world.release(letter.id, on=MONDAY)
    assert world.send_mail(on=MONDAY, at=time(9, 40)) == ["sent"]
    assert len(postbox.mails) == 1
    (action,) = world.actions()
    assert (action.state, action.number) == ("delivered", "DN-2026-000001")
    assert (world.ladder_state(item).level_reached, world.ladder_state(item).waiting) == (1, False)


def test_a_refused_address_is_muted_and_a_task_asks_for_a_better_one(world: World, postbox: Postbox) -> None:
    """Given an address that does not exist, when the letter is refused for it, then it is not written to again."""
    postbox.refused.add("ar@00001.example")
    world.invoice(number="A1", due_on=DUE)
    released_letter(world)
    assert world.send_mail(on=MONDAY) == ["failed"]
    assert suppressed_addresses(world) == ["ar@00001.example"]
    assert {action.code for action in world.actions("proposed")} == {"mend_contact"}


def test_a_demand_sent_again_gets_a_deadline_of_its_new_day(world: World, postbox: Postbox) -> None:
    """Given a demand that came back, when it goes a week later, then the old deadline is not in it."""
    world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 13))
    world.run_day(on=date(2026, 11, 16))
    (letter,) = world.actions("proposed")
    world.release(letter.id, on=date(2026, 11, 16))
    with rude_server({"DATA": "554 quota"}) as url, smtp_at(url):
        assert world.send_mail(on=date(2026, 11, 16)) == ["failed"]
    later = date(2026, 11, 24)
    with world.transaction() as db:
        resolve_delivery(db, world.actor(later), letter.id, ResolveDelivery(outcome="send_again"))
    world.release(letter.id, on=later)
    assert world.send_mail(on=later) == ["sent"]
    text = postbox.mails[-1].get_body(("plain",)).get_content()
    assert "2026-12-01" in text
    assert "2026-11-23" not in text


def test_what_became_of_an_earlier_mail_does_not_touch_the_letter_sent_again(world: World, postbox: Postbox) -> None:
    """Given a letter sent again after doubt, when word of its first mail comes, then only the second mail counts."""
    item = world.invoice(number="A1", due_on=DUE)
    letter = released_letter(world)
    tenant_id = world.tenant_id
    first = world.actions()[0].mail_id
    with fixed_clock(moment_on(MONDAY, world.timezone, time(9, 5))), world.transaction() as db:
        outbox.claim(db, tenant_id, utc_now())
        mail.begin_sending(db, tenant_id, first)
        record_letter_delivery(db, world.actor(MONDAY), mail.get(db, tenant_id, first), "unknown")
    with world.transaction() as db:
        resolve_delivery(db, world.actor(MONDAY), letter.id, ResolveDelivery(outcome="send_again"))
    world.release(letter.id, on=MONDAY)
    with world.transaction() as db:
        record_letter_delivery(db, world.actor(MONDAY), mail.get(db, tenant_id, first), "failed")
    (action,) = world.actions()
    assert (action.state, action.mail_id == first) == ("approved", False)
    assert world.ladder_state(item).level_reached == 0


def test_a_namesake_is_told_who_decided(world: World) -> None:
    """Given two colleagues of one name, when the second approves too, then she is told instead of waved through."""
    world.invoice(number="A1", due_on=DUE)
    letter = released_letter(world)
    with pytest.raises(Conflict) as told, world.transaction() as db:
        release_action(db, world.actor(MONDAY, user_id=new_id()), letter.id, ReleaseAction())
    assert told.value.code == "action_decided"
    world.release(letter.id, on=MONDAY)  # the first one again
    with world.reading() as db:
        count = sa.select(sa.func.count()).where(MailMessage.tenant_id == world.tenant_id)
        assert db.execute(count).scalar_one() == 1
