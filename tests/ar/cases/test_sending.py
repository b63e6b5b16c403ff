"""From the queue to the debtor's mailbox, through the real job and a real mail server."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from app.jobs import deliver
from ar.cases.commands import (
    approve_action,
    approve_all,
    complete_task,
    place_block,
    releasable,
    resolve_delivery,
    run_day,
    skip_action,
)
from ar.cases.inputs import ApproveAction, CompleteTask, PlaceBlock, ResolveDelivery, SkipAction
from ar.cases.jobs import HANDLERS
from ar.cases.models import PolicyVersion
from ar.customers.commands import add_contact, upsert_customers
from ar.customers.inputs import AddContact, CustomerRow
from ar.customers.models import Contact
from ar.customers.queries import find_numbers
from ar.statements.models import Statement
from kernel import mail, outbox
from kernel.clock import fixed_clock, moment_on, utc_now
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.ids import new_id
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from tenants.models import Company
from tests.ar.cases.desk import Desk, Postbox
from tests.support.statements import counted

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


def proposed_letter(desk: Desk, on: date = MONDAY):  # type: ignore[no-untyped-def]
    desk.run(on)
    return next(action for action in desk.actions("proposed") if action.form == "letter")


def journal_kinds(desk: Desk) -> list[str]:
    with desk.company.reading() as db:
        return list(
            db.execute(
                sa.select(JournalEvent.kind)
                .where(JournalEvent.tenant_id == desk.company.tenant_id)
                .order_by(JournalEvent.id)
            ).scalars()
        )


def test_an_approved_letter_reaches_the_debtor_with_its_paper(desk: Desk, postbox: Postbox) -> None:
    item = desk.invoice("INV-7", DUE, 123_450)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    assert desk.state(item).level_reached == 0  # approved is not delivered
    assert desk.send(MONDAY) == ["sent"]
    (mail_,) = postbox.mails
    assert "ar@00001.example" in str(mail_["To"])
    text = mail_.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "INV-7" in text
    assert "2026-11-01" in text
    assert "1,234.50" in text
    assert "壹仟贰佰叁拾肆元伍角" in text  # the debtor reads Chinese, whatever the clerk reads
    (paper,) = list(mail_.iter_attachments())
    assert paper.get_filename() == "DN-2026-000001.pdf"
    assert paper.get_content().startswith(b"%PDF")
    state = desk.state(item)
    assert (state.level_reached, state.last_delivered_on, state.waiting) == (1, MONDAY, False)
    assert state.next_on == date(2026, 11, 6)
    assert [(action.state, action.number) for action in desk.actions()] == [("delivered", "DN-2026-000001")]


def test_nothing_is_sent_before_somebody_approves(desk: Desk, postbox: Postbox) -> None:
    desk.invoice("A1", DUE)
    desk.run(MONDAY)
    assert desk.send(MONDAY) == []
    assert postbox.mails == []


def test_paid_between_proposal_and_sending_is_suppressed(desk: Desk, postbox: Postbox) -> None:
    """33: proposed at 08:00, paid at 08:30, the worker sends at 09:00."""
    item = desk.invoice("A1", DUE)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    desk.pay(item, MONDAY)
    assert desk.send(MONDAY) == ["suppressed"]
    assert postbox.mails == []
    assert [(action.state, action.reason) for action in desk.actions()] == [("suppressed", "paid")]
    assert (desk.state(item).level_reached, desk.state(item).waiting) == (0, False)


def test_part_paid_before_sending_shows_the_open_amount_at_the_same_level(desk: Desk, postbox: Postbox) -> None:
    """34."""
    item = desk.invoice("A1", DUE, 100_000)
    other = desk.invoice("A2", DUE, 5_000)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    desk.pay(item, MONDAY, 40_000)
    desk.pay(other, MONDAY, 5_000)
    assert desk.send(MONDAY) == ["sent"]
    text = postbox.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "600.00" in text
    assert "1,000.00" not in text
    assert "A2" not in text
    (action,) = desk.actions()
    assert (action.total_minor, action.items, action.level, action.code) == (60_000, 1, 1, "due_notice")
    assert {step.state for step in desk.steps(other)} == {"suppressed"}
    with desk.company.reading() as db:
        stored = db.execute(
            sa.select(MailMessage.attachments).where(MailMessage.tenant_id == desk.company.tenant_id)
        ).scalar_one()
    assert [each["sha256"] for each in stored] == [action.pdf_sha256]


def test_the_policies_are_read_once_for_a_letter(desk: Desk, postbox: Postbox, engine: sa.Engine) -> None:
    """Also for a demand, which sets a deadline and of which one item was paid since it was proposed."""
    desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 15))
    paid = desk.invoice("A2", DUE)
    desk.run(date(2026, 11, 16))
    desk.pay(paid, date(2026, 11, 16))
    (letter,) = (action for action in desk.actions("proposed") if action.form == "letter")
    assert (letter.code, letter.items) == ("demand", 2)
    with counted(engine) as seen:
        desk.approve(date(2026, 11, 16), letter.id)
    assert sum("FROM policy_version" in statement for statement in seen) == 1


def test_a_hold_between_approval_and_sending_stops_the_mail(desk: Desk, postbox: Postbox) -> None:
    desk.invoice("A1", DUE)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    with desk.company.transaction() as db:
        place_block(db, desk.company.actor(MONDAY), PlaceBlock(customer_id=letter.customer_id, reason="客户来访"))
    assert desk.send(MONDAY) == ["suppressed"]
    assert desk.actions()[0].reason == "blocked"


def test_a_bounced_letter_is_no_delivered_step(desk: Desk, postbox: Postbox) -> None:
    """32: no level 2, a task to mend the contact, the address suppressed, the colleague unaffected."""
    postbox.refused.add("ar@00001.example")
    item = desk.invoice("A1", DUE)
    with desk.company.transaction() as db:
        actor = desk.company.actor()
        colleague = AddContact(customer_id=desk.customers["00001"], name="李雷", email="li@00001.example")
        add_contact(db, actor, colleague)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    assert desk.send(MONDAY) == ["failed"]
    assert desk.run(date(2026, 11, 9)) == []
    assert desk.state(item).level_reached == 0
    assert {(action.code, action.state) for action in desk.actions()} == {
        ("due_notice", "failed"),
        ("mend_contact", "proposed"),
    }
    with desk.company.reading() as db:
        reachable = db.execute(
            sa.select(Contact.email).where(Contact.tenant_id == desk.company.tenant_id, Contact.suppressed_at.is_(None))
        ).scalars()
        assert list(reachable) == ["li@00001.example"]
    with desk.company.transaction() as db:
        resolve_delivery(db, desk.company.actor(MONDAY), letter.id, ResolveDelivery(outcome="send_again"))
    desk.approve(MONDAY, letter.id)
    assert desk.send(MONDAY, time(9, 30)) == ["sent"]
    assert len(postbox.to("li@00001.example")) == 1
    assert desk.state(item).level_reached == 1


def test_killed_while_sending_ends_with_a_person(desk: Desk, postbox: Postbox) -> None:
    """47: found in `sending`, never sent again by itself; a person says that it arrived."""
    item = desk.invoice("A1", DUE)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    tenant_id = desk.company.tenant_id
    with fixed_clock(moment_on(MONDAY, desk.company.timezone, time(9, 5))):
        with desk.company.transaction() as db:
            (claimed,) = outbox.claim(db, tenant_id, utc_now())
            row = mail.begin_sending(db, tenant_id, desk.actions()[0].mail_id)
            assert row is not None
        assert deliver(str(tenant_id), str(claimed.id), str(claimed.fence)) == "unknown"
    assert postbox.mails == []
    assert desk.actions()[0].state == "unknown"
    assert desk.run(date(2026, 11, 9)) == []
    with desk.company.transaction() as db:
        resolve_delivery(db, desk.company.actor(date(2026, 11, 9)), letter.id, ResolveDelivery(outcome="arrived"))
    assert desk.state(item).level_reached == 1


def test_two_people_decide_at_once_and_the_second_is_told(desk: Desk) -> None:
    desk.invoice("A1", DUE)
    letter = proposed_letter(desk)
    desk.approve(MONDAY, letter.id)
    desk.approve(MONDAY, letter.id)  # the same person, twice: nothing more
    with pytest.raises(Conflict) as told, desk.company.transaction() as db:
        approve_action(db, desk.company.actor(MONDAY, name="周启明", user_id=new_id()), letter.id, ApproveAction())
    assert (told.value.code, told.value.params["name"]) == ("action_decided", "林晓")
    with pytest.raises(Conflict), desk.company.transaction() as db:
        skip_action(db, desk.company.actor(MONDAY, name="周启明"), letter.id, SkipAction(reason="不发"))


def test_a_skipped_step_never_comes_again_and_the_rest_goes_on(desk: Desk, postbox: Postbox) -> None:
    """44."""
    skipped = desk.invoice("A1", DUE)
    desk.invoice("B1", DUE, customer="00002")
    desk.run(MONDAY)
    letter = next(a for a in desk.actions("proposed") if a.customer_id == desk.customers["00001"])
    with desk.company.transaction() as db:
        skip_action(db, desk.company.actor(MONDAY), letter.id, SkipAction(reason="电话已谈"))
    assert desk.run(MONDAY) == []
    assert [action.state for action in desk.actions("proposed")] == ["proposed"]  # the other customer's
    lines = desk.run(date(2026, 11, 6))
    assert [(line.document_no, line.step) for line in lines] == [("A1", "overdue_report")]
    assert desk.state(skipped).last_delivered_on is None


def test_a_demand_needs_its_named_role_and_sets_the_deadline(desk: Desk, postbox: Postbox) -> None:
    """R175, R176: 7 days unless the approver gives another day; shipments are proposed to stop."""
    item = desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 13))
    letter = proposed_letter(desk, date(2026, 11, 16))
    assert letter.code == "demand"
    with pytest.raises(Forbidden) as refused, desk.company.transaction() as db:
        approve_action(db, desk.company.actor(date(2026, 11, 16)), letter.id, ApproveAction())
    assert refused.value.code == "approval_role_needed"
    with desk.company.transaction() as db:
        manager = desk.company.actor(date(2026, 11, 16), ("sales_manager",))
        approve_action(db, manager, letter.id, ApproveAction(deadline_on=date(2026, 11, 30)))
    desk.send(date(2026, 11, 16))
    assert "2026-11-30" in postbox.mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert desk.state(item).deadline_on == date(2026, 11, 30)
    assert "stop_shipment_proposed" in journal_kinds(desk)
    assert [line.step for line in desk.run(date(2026, 11, 30))] == []
    assert [line.step for line in desk.run(date(2026, 12, 1))] == ["general_manager", "warning"]


def test_the_statement_to_confirm_goes_in_one_mail_with_its_link(desk: Desk, postbox: Postbox) -> None:
    """R174: statement and request, one mail, one link."""
    desk.invoice("A1", DUE)
    desk.days(MONDAY, date(2026, 11, 10))
    before = len(postbox.mails)
    assert desk.work(date(2026, 11, 11)) == ["statement_confirmation"]
    (mail_,) = postbox.mails[before:]
    assert "/p/" in mail_.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert len(list(mail_.iter_attachments())) == 2
    with desk.company.reading() as db:
        row = db.execute(
            sa.select(Statement.sent_to, Statement.period_to).where(Statement.tenant_id == desk.company.tenant_id)
        ).one()
    assert tuple(row) == ("ar@00001.example", date(2026, 11, 10))


def test_approve_all_releases_what_this_person_may(desk: Desk, postbox: Postbox) -> None:
    for n in range(3):
        desk.invoice(f"A{n}", DUE, customer=f"0000{n}")
    with desk.company.transaction() as db:
        upsert_customers(db, desk.company.actor(), [CustomerRow(number="00009", name="无联系人")])
        desk.customers["00009"] = find_numbers(db, desk.company.tenant_id, ["00009"])["00009"].id
    desk.invoice("N1", DUE, customer="00009")
    desk.run(MONDAY)
    with desk.company.transaction() as db:
        assert approve_all(db, desk.company.actor(MONDAY)) == 3
    assert sorted(desk.send(MONDAY)) == ["done", "sent", "sent", "sent"]
    (left,) = desk.actions("proposed")
    with pytest.raises(RuleBroken) as refused, desk.company.transaction() as db:
        approve_action(db, desk.company.actor(MONDAY), left.id, ApproveAction())
    assert refused.value.code == "no_dunning_contact"


def test_without_review_mode_the_run_releases_what_needs_no_role(desk: Desk, postbox: Postbox) -> None:
    with desk.company.transaction() as db:
        db.execute(sa.update(Company).where(Company.tenant_id == desk.company.tenant_id).values(review_mode=False))
    desk.invoice("A1", DUE)
    desk.run(MONDAY)
    assert sorted(desk.send(MONDAY)) == ["done", "sent"]
    assert len(postbox.mails) == 1


def test_a_task_counts_when_somebody_has_done_it(desk: Desk, postbox: Postbox) -> None:
    item = desk.invoice("A1", DUE)
    desk.work(MONDAY)
    desk.run(date(2026, 11, 6))
    (task,) = desk.actions("proposed")
    assert task.form == "task"
    assert desk.run(date(2026, 11, 12)) == []  # the report is not written: nothing goes on
    with desk.company.transaction() as db:
        complete_task(db, desk.company.actor(date(2026, 11, 12)), task.id, CompleteTask(note="已汇报"))
    assert desk.state(item).level_reached == 2
    # three days of gap after the report
    assert desk.run(date(2026, 11, 13)) == []
    assert [line.step for line in desk.run(date(2026, 11, 16))] == ["statement_confirmation"]


def test_agency_and_litigation_are_only_tasks_that_need_the_general_manager(desk: Desk) -> None:
    """A08: steps 11 and 12 are never automatic."""
    with desk.company.reading() as db:
        data = db.execute(
            sa.select(PolicyVersion.data).where(
                PolicyVersion.tenant_id == desk.company.tenant_id, PolicyVersion.code == "twelve-step"
            )
        ).scalar_one()
    steps = {step["code"]: step for level in data["levels"] for step in level["steps"]}
    for code in ("agency", "litigation"):
        assert (steps[code]["audience"], steps[code]["channel"], steps[code]["approval"]) == (
            "internal",
            "task",
            "general_manager",
        )


def test_run_day_handler_can_be_delivered_twice(desk: Desk) -> None:
    desk.invoice("A1", DUE)
    for _ in range(2):
        with desk.company.transaction() as db:
            HANDLERS["cases.run_day"](db, desk.company.actor(MONDAY), {"period": "2026-11-02"})
    assert len(desk.steps()) == 1
    with desk.company.transaction() as db:
        assert run_day(db, desk.company.actor(MONDAY)).steps == 0


def test_what_was_proposed_for_a_coming_day_is_not_released_before_it(desk: Desk, postbox: Postbox) -> None:
    """`run-day --date` may look ahead; nothing of it leaves the building before its day."""
    desk.invoice("A1", DUE)
    letter = proposed_letter(desk, MONDAY)
    before = desk.company.actor(MONDAY - timedelta(days=3))
    with pytest.raises(RuleBroken, match="action_not_yet_due"), desk.company.transaction() as db:
        approve_action(db, before, letter.id, ApproveAction())
    with desk.company.transaction() as db:
        assert releasable(db, before) == []
        assert approve_all(db, before) == 0
        assert [each.letters for each in releasable(db, desk.company.actor(MONDAY))] == [1]
