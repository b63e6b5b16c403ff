"""From the queue to the debtor's mailbox, through the real job and a real mail server."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.handlers import HANDLERS
from app.jobs import deliver
from ar.cases.commands import (
    complete_task,
    count_releasable,
    release_action,
    release_letters,
    resolve_delivery,
    run_day,
    skip_action,
)
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.models import PolicyVersion
from ar.cases.queue.inputs import ReleaseAction, ResolveDelivery, SkipAction
from ar.customers.commands import add_contact
from ar.customers.inputs import AddContact
from ar.customers.models import Contact
from ar.statements.models import Statement
from kernel import mail, outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.ids import new_id
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from tenants.mailroom.commands import settle_mail
from tenants.mailroom.inputs import SettleMail
from tenants.models import Company
from tests.support.delivery import smtp_at
from tests.support.postbox import Postbox
from tests.support.rude import rude_server
from tests.support.statements import counted
from tests.support.world import World

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def proposed_letter(world: World, on: date = MONDAY) -> sa.Row[Any]:
    """Runs the day; returns its proposed letter."""
    world.run_day(on=on)
    return next(action for action in world.actions("proposed") if action.form == "letter")


def journal_kinds(world: World) -> list[str]:
    with world.reading() as db:
        return list(
            db.execute(
                sa.select(JournalEvent.kind).where(JournalEvent.tenant_id == world.tenant_id).order_by(JournalEvent.id)
            ).scalars()
        )


def test_an_approved_letter_reaches_the_debtor_with_its_paper(world: World, postbox: Postbox) -> None:
    item = world.invoice(number="INV-7", due_on=DUE, minor=123_450)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    assert world.ladder_state(item).level_reached == 0  # approved is not delivered
    assert world.send_mail(on=MONDAY) == ["sent"]
    (mail_,) = postbox.mails
    assert "ar@00001.example" in str(mail_["To"])
    text = mail_.get_body(("plain",)).get_content()
    assert "INV-7" in text
    assert "2026-11-01" in text
    assert "1,234.50" in text
    assert "壹仟贰佰叁拾肆元伍角" in text  # the debtor reads Chinese, whatever the clerk reads
    (paper,) = list(mail_.iter_attachments())
    assert paper.get_filename() == "DN-2026-000001.pdf"
    assert paper.get_content().startswith(b"%PDF")
    state = world.ladder_state(item)
    assert (state.level_reached, state.last_delivered_on, state.waiting) == (1, MONDAY, False)
    assert state.next_on == date(2026, 11, 6)
    assert [(action.state, action.number) for action in world.actions()] == [("delivered", "DN-2026-000001")]


def test_nothing_is_sent_before_somebody_approves(world: World, postbox: Postbox) -> None:
    world.invoice(number="A1", due_on=DUE)
    world.run_day(on=MONDAY)
    assert world.send_mail(on=MONDAY) == []
    assert postbox.mails == []


def test_paid_between_proposal_and_sending_is_suppressed(world: World, postbox: Postbox) -> None:
    """Testcase 33: proposed at 08:00, paid at 08:30, the worker sends at 09:00."""
    item = world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    world.pay(item, on=MONDAY)
    assert world.send_mail(on=MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert [(action.state, action.reason) for action in world.actions()] == [("suppressed", "paid")]
    assert (world.ladder_state(item).level_reached, world.ladder_state(item).waiting) == (0, False)


def test_part_paid_before_sending_shows_the_open_amount_at_the_same_level(world: World, postbox: Postbox) -> None:
    """Testcase 34: part paid between proposal and sending, the letter shows what is open, at the same level."""
    item = world.invoice(number="A1", due_on=DUE, minor=100_000)
    other = world.invoice(number="A2", due_on=DUE, minor=5_000)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    world.pay(item, on=MONDAY, minor=40_000)
    world.pay(other, on=MONDAY, minor=5_000)
    assert world.send_mail(on=MONDAY) == ["sent"]
    text = postbox.mails[0].get_body(("plain",)).get_content()
    assert "600.00" in text
    assert "1,000.00" not in text
    assert "A2" not in text
    (action,) = world.actions()
    assert (action.total_minor, action.items, action.level, action.code) == (60_000, 1, 1, "due_notice")
    assert {step.state for step in world.steps(other)} == {"suppressed"}
    with world.reading() as db:
        stored = db.execute(
            sa.select(MailMessage.attachments).where(MailMessage.tenant_id == world.tenant_id)
        ).scalar_one()
    assert [each["sha256"] for each in stored] == [action.pdf_sha256]


def test_the_policies_are_read_once_for_a_letter(world: World, postbox: Postbox, engine: sa.Engine) -> None:
    """Also for a demand, which sets a deadline and of which one item was paid since it was proposed."""
    world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 15))
    paid = world.invoice(number="A2", due_on=DUE)
    world.run_day(on=date(2026, 11, 16))
    world.pay(paid, on=date(2026, 11, 16))
    (letter,) = (action for action in world.actions("proposed") if action.form == "letter")
    assert (letter.code, letter.items) == ("demand", 2)
    with counted(engine) as seen:
        world.release(letter.id, on=date(2026, 11, 16))
    assert sum("FROM policy_version" in statement for statement in seen) == 1


def test_a_hold_between_approval_and_sending_stops_the_mail(world: World, postbox: Postbox) -> None:
    world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    world.hold(letter.customer_id, on=MONDAY, reason="客户来访")
    assert world.send_mail(on=MONDAY) == ["suppressed"]
    assert world.actions()[0].reason == "blocked"


def test_a_bounced_letter_is_no_delivered_step(world: World, postbox: Postbox) -> None:
    """Testcase 32: no level 2, a task to mend the contact, the address suppressed, the colleague unaffected."""
    postbox.refused.add("ar@00001.example")
    item = world.invoice(number="A1", due_on=DUE)
    with world.transaction() as db:
        actor = world.actor()
        colleague = AddContact(customer_id=world.customer_id("00001"), name="李雷", email="li@00001.example")
        add_contact(db, actor, colleague)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    assert world.send_mail(on=MONDAY) == ["failed"]
    assert world.run_day(on=date(2026, 11, 9)) == []
    assert world.ladder_state(item).level_reached == 0
    assert {(action.code, action.state) for action in world.actions()} == {
        ("due_notice", "failed"),
        ("mend_contact", "proposed"),
    }
    with world.reading() as db:
        reachable = db.execute(
            sa.select(Contact.email).where(Contact.tenant_id == world.tenant_id, Contact.suppressed_at.is_(None))
        ).scalars()
        assert list(reachable) == ["li@00001.example"]
    with world.transaction() as db:
        resolve_delivery(db, world.actor(MONDAY), letter.id, ResolveDelivery(outcome="send_again"))
    world.release(letter.id, on=MONDAY)
    assert world.send_mail(on=MONDAY, at=time(9, 30)) == ["sent"]
    assert len(postbox.to("li@00001.example")) == 1
    assert world.ladder_state(item).level_reached == 1


def test_killed_while_sending_ends_with_a_person(world: World, postbox: Postbox) -> None:
    """Testcase 47: found in `sending`, never sent again by itself; a person says that it arrived."""
    item = world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    tenant_id = world.tenant_id
    with fixed_clock(moment_on(MONDAY, world.timezone, time(9, 5))):
        with world.transaction() as db:
            (claimed,) = outbox.claim(db, tenant_id, utc_now())
            row = mail.begin_sending(db, tenant_id, world.actions()[0].mail_id)
            assert row is not None
        assert deliver(str(tenant_id), str(claimed.id), str(claimed.fence)) == "unknown"
    assert postbox.mails == []
    assert world.actions()[0].state == "unknown"
    assert world.run_day(on=date(2026, 11, 9)) == []
    with world.transaction() as db:
        resolve_delivery(db, world.actor(date(2026, 11, 9)), letter.id, ResolveDelivery(outcome="arrived"))
    assert world.ladder_state(item).level_reached == 1


def test_a_letter_in_doubt_that_did_not_arrive_goes_back_to_the_queue_from_the_list_of_mails(world: World) -> None:
    world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    with rude_server({"TEXT": "hang up"}) as url, smtp_at(url):
        assert world.send_mail(on=MONDAY) == ["unknown"]
    mail_id = world.actions()[0].mail_id
    with world.transaction() as db:
        settle_mail(db, world.actor(MONDAY), mail_id, SettleMail(outcome="lost"))
    assert world.actions()[0].state == "proposed"
    with world.transaction() as db:
        assert mail.get(db, world.tenant_id, mail_id).state == "failed"
    with pytest.raises(Conflict, match="mail_not_in_doubt"), world.transaction() as db:
        settle_mail(db, world.actor(MONDAY), mail_id, SettleMail(outcome="arrived"))


def test_two_people_decide_at_once_and_the_second_is_told(world: World) -> None:
    world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world)
    world.release(letter.id, on=MONDAY)
    world.release(letter.id, on=MONDAY)  # the same person, twice: nothing more
    with pytest.raises(Conflict) as told, world.transaction() as db:
        release_action(db, world.actor(MONDAY, name="周启明", user_id=new_id()), letter.id, ReleaseAction())
    assert (told.value.code, told.value.params["name"]) == ("action_decided", "林晓")
    with pytest.raises(Conflict), world.transaction() as db:
        skip_action(db, world.actor(MONDAY, name="周启明"), letter.id, SkipAction(reason="不发"))


def test_a_skipped_step_never_comes_again_and_the_rest_goes_on(world: World, postbox: Postbox) -> None:
    """Testcase 44: one item skipped by hand, the others are still proposed."""
    skipped = world.invoice(number="A1", due_on=DUE)
    world.invoice("00002", number="B1", due_on=DUE)
    world.run_day(on=MONDAY)
    letter = next(a for a in world.actions("proposed") if a.customer_id == world.customer_id("00001"))
    with world.transaction() as db:
        skip_action(db, world.actor(MONDAY), letter.id, SkipAction(reason="电话已谈"))
    assert world.run_day(on=MONDAY) == []
    assert [action.state for action in world.actions("proposed")] == ["proposed"]  # the other customer's
    lines = world.run_day(on=date(2026, 11, 6))
    assert [(line.document_no, line.step) for line in lines] == [("A1", "overdue_report")]
    assert world.ladder_state(skipped).last_delivered_on is None


def test_a_demand_needs_its_named_role_and_sets_the_deadline(world: World, postbox: Postbox) -> None:
    """R175, R176: 7 days unless the approver gives another day; shipments stop once it has gone out."""
    item = world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 13))
    letter = proposed_letter(world, date(2026, 11, 16))
    assert letter.code == "demand"
    with pytest.raises(Forbidden) as refused, world.transaction() as db:
        release_action(db, world.actor(date(2026, 11, 16)), letter.id, ReleaseAction())
    assert refused.value.code == "approval_role_needed"
    with world.transaction() as db:
        manager = world.actor(date(2026, 11, 16), ("sales_manager",))
        release_action(db, manager, letter.id, ReleaseAction(deadline_on=date(2026, 11, 30)))
    world.send_mail(on=date(2026, 11, 16))
    assert "2026-11-30" in postbox.mails[-1].get_body(("plain",)).get_content()
    assert world.ladder_state(item).deadline_on == date(2026, 11, 30)
    assert "shipments_stopped" in journal_kinds(world)
    assert [line.step for line in world.run_day(on=date(2026, 11, 30))] == []
    assert [line.step for line in world.run_day(on=date(2026, 12, 1))] == ["general_manager", "warning"]


def test_the_statement_to_confirm_goes_in_one_mail_with_its_link(world: World, postbox: Postbox) -> None:
    """R174: statement and request, one mail, one link."""
    world.invoice(number="A1", due_on=DUE)
    world.work_days(MONDAY, date(2026, 11, 10))
    before = len(postbox.mails)
    assert world.work_day(on=date(2026, 11, 11)) == ["statement_confirmation"]
    (mail_,) = postbox.mails[before:]
    assert "/p/" in mail_.get_body(("plain",)).get_content()
    assert len(list(mail_.iter_attachments())) == 2
    with world.reading() as db:
        row = db.execute(
            sa.select(Statement.sent_to, Statement.period_to).where(Statement.tenant_id == world.tenant_id)
        ).one()
    assert tuple(row) == ("ar@00001.example", date(2026, 11, 10))


def test_approve_all_releases_what_this_person_may(world: World, postbox: Postbox) -> None:
    for n in range(3):
        world.invoice(f"0000{n}", number=f"A{n}", due_on=DUE)
    world.customer("00009", "无联系人")
    world.invoice("00009", number="N1", due_on=DUE)
    world.run_day(on=MONDAY)
    with world.transaction() as db:
        assert release_letters(db, world.actor(MONDAY)) == 3
    assert sorted(world.send_mail(on=MONDAY)) == ["done", "sent", "sent", "sent"]
    (left,) = world.actions("proposed")
    with pytest.raises(RuleBroken) as refused, world.transaction() as db:
        release_action(db, world.actor(MONDAY), left.id, ReleaseAction())
    assert refused.value.code == "no_dunning_contact"


def test_without_review_mode_the_run_releases_what_needs_no_role(world: World, postbox: Postbox) -> None:
    with world.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == world.tenant_id).values(review_mode=False))
    world.invoice(number="A1", due_on=DUE)
    world.run_day(on=MONDAY)
    assert sorted(world.send_mail(on=MONDAY)) == ["done", "sent"]
    assert len(postbox.mails) == 1


def test_a_task_counts_when_somebody_has_done_it(world: World, postbox: Postbox) -> None:
    item = world.invoice(number="A1", due_on=DUE)
    world.work_day(on=MONDAY)
    world.run_day(on=date(2026, 11, 6))
    (task,) = world.actions("proposed")
    assert task.form == "task"
    assert world.run_day(on=date(2026, 11, 12)) == []  # the report is not written: nothing goes on
    with world.transaction() as db:
        complete_task(db, world.actor(date(2026, 11, 12)), task.id, CompleteTask(note="已汇报"))
    assert world.ladder_state(item).level_reached == 2
    # three days of gap after the report
    assert world.run_day(on=date(2026, 11, 13)) == []
    assert [line.step for line in world.run_day(on=date(2026, 11, 16))] == ["statement_confirmation"]


def test_agency_and_litigation_are_only_tasks_that_need_the_general_manager(world: World) -> None:
    """A08: steps 11 and 12 are never automatic."""
    with world.reading() as db:
        data = db.execute(
            sa.select(PolicyVersion.data).where(
                PolicyVersion.tenant_id == world.tenant_id, PolicyVersion.code == "twelve-step"
            )
        ).scalar_one()
    steps = {step["code"]: step for level in data["levels"] for step in level["steps"]}
    for code in ("agency", "litigation"):
        assert (steps[code]["audience"], steps[code]["channel"], steps[code]["approval"]) == (
            "internal",
            "task",
            "general_manager",
        )


def test_run_day_handler_can_be_delivered_twice(world: World) -> None:
    world.invoice(number="A1", due_on=DUE)
    for _ in range(2):
        with world.transaction() as db:
            HANDLERS["cases.run_day"](db, world.actor(MONDAY), {"period": "2026-11-02"})
    assert len(world.steps()) == 1
    with world.transaction() as db:
        assert run_day(db, world.actor(MONDAY)).steps == 0


def test_what_was_proposed_for_a_coming_day_is_not_released_before_it(world: World, postbox: Postbox) -> None:
    """`run-day --date` may look ahead; nothing of it leaves the building before its day."""
    world.invoice(number="A1", due_on=DUE)
    letter = proposed_letter(world, MONDAY)
    before = world.actor(MONDAY - timedelta(days=3))
    with pytest.raises(RuleBroken, match="action_not_yet_due"), world.transaction() as db:
        release_action(db, before, letter.id, ReleaseAction())
    with world.transaction() as db:
        assert count_releasable(db, before) == 0
        assert release_letters(db, before) == 0
        assert count_releasable(db, world.actor(MONDAY)) == 1
