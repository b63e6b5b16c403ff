"""Sends a released letter: prints it, queues its mail, rechecks it before SMTP, records its delivery.

Invariants: an item that is paid (also by credit not yet applied), disputed or on hold at the moment of sending is not
claimed; a letter states open amounts as of now; only a mail accepted by the mail server moves a level; only a bad
address suppresses a contact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.ladder.state import lock_cases, mark_steps, pending_step_ids, record_step_outcome, refresh_actions
from ar.cases.letters import drafting
from ar.cases.letters.drafting import PURPOSE, LetterDraft
from ar.cases.letters.effects import stop_if_said
from ar.cases.letters.enclosures import enclose_confirmation_statement
from ar.cases.letters.lines import LetterLine
from ar.cases.models import Action
from ar.customers.commands import suppress_contact
from ar.customers.lookups import is_reachable
from ar.ledger.commands import freeze_customers
from ar.statements.commands import find_link, is_link_closed
from kernel import outbox, storage
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import HuikuanError, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.log import logger
from kernel.mail import Attachment, MailMessage, address_is_bad, queue_mail, redact_links, rewrite_queued_mail

log = logger(__name__)

PDF: Final = "application/pdf"
LETTERS_PER_JOB: Final = 50
_UPDATE_STEP_AMOUNTS: Final = sa.text("""
    UPDATE step SET open_minor = n.open_minor
    FROM unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) AS n(id, open_minor)
    WHERE step.tenant_id = :tenant AND step.id = n.id
""")


def prepare_letter(db: Session, actor: Actor, action_id: UUID, book: PolicyBook | None = None) -> str | None:
    """Numbers, prints, stores and queues a released letter. Returns the reason if no item is left to chase, else None.

    `book` holds the policies if the caller has loaded them. Raises RuleBroken(`no_dunning_contact`).
    """
    letter = drafting.draft_letter(db, actor, action_id, book)
    reason = _suppress_unchased(db, actor, letter)
    if reason is not None:
        return reason
    addressee = letter.addressee
    if addressee is None:
        raise RuleBroken("no_dunning_contact", customer=letter.customer_name)
    deadline_on = letter.deadline_on or drafting.default_deadline(letter)
    is_resent = letter.number is not None
    number = letter.number or _take_number(db, actor)
    letter = drafting.with_terms(letter, number=number, deadline_on=deadline_on)
    statement, link = enclose_confirmation_statement(db, actor, letter)
    sha256 = _store_pdf(db, actor, letter)
    mail_id = queue_mail(
        db,
        actor,
        drafting.write_mail(letter, addressee, (*_pdf_attachment(letter, sha256), *statement), link),
        purpose=PURPOSE,
        subject_id=action_id,
        customer_id=letter.customer_id,
        key=f"action:{action_id}:{actor.now.isoformat()}" if is_resent else f"action:{action_id}",
    )
    _store_printed_amounts(
        db, actor, letter, sha256, number=number, contact_id=addressee.id, mail_id=mail_id, reason=None
    )
    facts = {"number": number, "to": addressee.email, "total_minor": letter.total_minor, "pdf_sha256": sha256}
    record(db, actor, "letter_queued", customer_id=letter.customer_id, subject_id=action_id, data=facts)
    return None


def prepare_letters(db: Session, actor: Actor, next_kind: str) -> int:
    """Prepares up to LETTERS_PER_JOB released letters; queues a job of `next_kind` when more wait. Returns how many.

    A letter that fails returns to the queue with the reason; the others go out.
    """
    actor = lock_cases(db, actor)
    a = Action
    rows = db.execute(
        sa.select(a.id, a.customer_id, a.effects)
        .where(a.tenant_id == actor.tenant_id, a.state == "approved", a.form == "letter", a.mail_id.is_(None))
        .order_by(a.id)
        .limit(LETTERS_PER_JOB + 1)
    ).all()
    batch = rows[:LETTERS_PER_JOB]
    # Issuing a statement locks its customer, then takes a number. All customers are locked before the first number, in
    # id order, or this batch and a person who issues one statement would deadlock.
    with_statement = [row.customer_id for row in batch if drafting.asks_confirmation(row.effects)]
    if with_statement:
        actor = freeze_customers(db, actor, with_statement)
    book = policy_book(db, actor.tenant_id)
    for row in batch:
        fault = _prepare_in_savepoint(db, actor, row.id, book)
        if fault is not None:
            return_to_queue(db, actor, row.id, reason=fault)
    if len(rows) > LETTERS_PER_JOB:
        outbox.put(db, actor, next_kind, {}, key=f"{next_kind}:{new_id()}")
    return len(batch)


def _prepare_in_savepoint(db: Session, actor: Actor, action_id: UUID, book: PolicyBook) -> str | None:
    """Prepares one letter in a savepoint of its own. Returns the code of the error, else None."""
    try:
        with db.begin_nested():
            prepare_letter(db, actor, action_id, book)
    except OperationalError:
        # The database fails, not this letter: the whole job is retried.
        raise
    except HuikuanError as fault:
        return fault.code
    except Exception:
        log.exception("letter not made", tenant=str(actor.tenant_id), action=str(action_id))
        return "letter_failed"
    return None


def return_to_queue(db: Session, actor: Actor, action_id: UUID, *, reason: str | None = None) -> None:
    """Returns a released letter to the queue: it keeps its number; mail and deadline are made again."""
    _update_action(
        db,
        actor,
        action_id,
        state="proposed",
        decided_by=None,
        decided_by_id=None,
        decided_at=None,
        deadline_on=None,
        mail_id=None,
        reason=reason,
    )


def recheck_letter(db: Session, actor: Actor, mail: MailMessage) -> str | None:
    """Rechecks a queued letter just before SMTP. Returns why it must not go, or None after refreshing its amounts."""
    actor = lock_cases(db, actor)
    a = Action
    action = db.execute(
        sa.select(a.id, a.state, a.mail_id, a.total_minor)
        .where(a.tenant_id == actor.tenant_id, a.id == mail.subject_id)
        .with_for_update()
    ).first()
    if action is None or action.state != "approved" or action.mail_id != mail.id:
        return "withdrawn"
    letter = drafting.draft_letter(db, actor, action.id)
    reason = _suppress_unchased(db, actor, letter)
    if reason is not None:
        return reason
    if not is_reachable(db, actor.tenant_id, mail.customer_id, mail.to_address):
        return "contact_suppressed"
    changed = (
        len(letter.chased) != len(letter.lines)
        or letter.total_minor != action.total_minor
        or any(each.open_minor != each.frozen_minor for each in letter.lines)
    )
    link_closed = is_link_closed(db, actor, mail.body_text)
    if changed or link_closed:
        _reprint(db, actor, mail, letter, link_closed=link_closed)
    return None


def record_letter_delivery(db: Session, actor: Actor, mail: MailMessage, state: str) -> None:
    """Records a letter's delivery outcome: sent moves levels, failed and unknown wait for a person (R161, R197).

    Only an address that the mail server refused for good is suppressed; after any other failure (our own quota, a
    filter, a server that was down) the letter can be sent again to the same contact.
    """
    actor = lock_cases(db, actor)
    redact_links(db, actor.tenant_id, mail.id)
    a = Action
    action = db.execute(
        sa.select(a.id, a.customer_id, a.run_id, a.currency, a.number, a.state, a.deadline_on, a.code, a.mail_id)
        .where(a.tenant_id == actor.tenant_id, a.id == mail.subject_id)
        .with_for_update()
    ).first()
    # The outcome of a mail that another has replaced does not count for the letter.
    if action is None or action.mail_id != mail.id or action.state not in ("approved", "suppressed", "unknown"):
        return
    if state == "sent":
        steps = pending_step_ids(db, actor.tenant_id, action.id)
        record_step_outcome(db, actor, steps, "delivered", deadline_on=action.deadline_on)
        _update_action(db, actor, action.id, state="delivered", delivered_at=actor.now, reason=None)
        stop_if_said(db, actor, action.id)
    elif state == "suppressed":
        record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action.id), "suppressed")
        _update_action(db, actor, action.id, state="suppressed", reason=mail.reason)
    else:
        mark_steps(db, actor, action.id, "failed" if state == "failed" else "unknown")
        _update_action(db, actor, action.id, state="failed" if state == "failed" else "unknown", reason=mail.reason)
        if state == "failed" and address_is_bad(mail):
            _replace_contact(db, actor, mail, action.customer_id, action.run_id, action.currency)
    facts = {"to": mail.to_address, "number": action.number, "code": action.code, "reason": mail.reason}
    kind = {"sent": "letter_sent", "suppressed": "letter_not_sent", "failed": "letter_bounced"}.get(state)
    kind = kind or "letter_in_doubt"
    record(db, actor, kind, customer_id=action.customer_id, subject_id=action.id, data=facts)


def _suppress_unchased(db: Session, actor: Actor, letter: LetterDraft) -> str | None:
    """Suppresses the steps of items that must not be chased. Returns the most frequent reason when no item is left."""
    unchased = [line for line in letter.lines if line.reason is not None]
    if unchased:
        record_step_outcome(db, actor, [line.step_id for line in unchased], "suppressed", book=letter.book)
    if letter.chased:
        return None
    reason = Counter(line.reason for line in unchased).most_common(1)[0][0] if unchased else "withdrawn"
    refresh_actions(db, actor, [letter.action_id], reason or "withdrawn")
    return reason


def _reprint(db: Session, actor: Actor, mail: MailMessage, letter: LetterDraft, *, link_closed: bool) -> None:
    """Reprints a letter after a part was paid or an item dropped out; its level, number and date stay.

    `link_closed`: the statement it encloses was sent again, replaced or answered since, so that one is enclosed anew.
    """
    name = drafting.file_name(letter)
    enclosures = tuple(Attachment(**each) for each in mail.attachments if each["file_name"] != name)
    sha256 = _store_pdf(db, actor, letter)
    addressee = drafting.LetterAddressee(mail.id, mail.to_name, mail.to_address)
    link = find_link(mail.body_text)
    if link_closed:
        enclosures, link = enclose_confirmation_statement(db, actor, letter)
    rewritten = drafting.write_mail(letter, addressee, (*_pdf_attachment(letter, sha256), *enclosures), link)
    rewrite_queued_mail(db, actor.tenant_id, mail.id, rewritten)
    _store_printed_amounts(db, actor, letter, sha256)
    facts = {"number": letter.number, "total_minor": letter.total_minor, "pdf_sha256": sha256}
    record(db, actor, "letter_rewritten", customer_id=letter.customer_id, subject_id=letter.action_id, data=facts)


def _store_pdf(db: Session, actor: Actor, letter: LetterDraft) -> str:
    return storage.store(db, actor, drafting.print_letter(letter).pdf, PDF)


def _pdf_attachment(letter: LetterDraft, sha256: str) -> tuple[Attachment, ...]:
    return (Attachment(drafting.file_name(letter), sha256),)


def _store_printed_amounts(db: Session, actor: Actor, letter: LetterDraft, sha256: str, **more: Any) -> None:
    """Stores the printed amounts in the letter's steps and action."""
    chased: Sequence[LetterLine] = letter.chased
    db.execute(
        _UPDATE_STEP_AMOUNTS,
        {
            "tenant": actor.tenant_id,
            "ids": [line.step_id for line in chased],
            "amounts": [line.open_minor for line in chased],
        },
    )
    deadline: date | None = letter.deadline_on
    _update_action(
        db,
        actor,
        letter.action_id,
        pdf_sha256=sha256,
        deadline_on=deadline,
        items=len({line.item_id for line in chased}),
        total_minor=letter.total_minor,
        **more,
    )


def _take_number(db: Session, actor: Actor) -> str:
    year = actor.today.year
    return document_number("DN", year, take_numbers(db, actor.tenant_id, f"DN-{year}")[0])


def _replace_contact(
    db: Session, actor: Actor, mail: MailMessage, customer_id: UUID, run_id: UUID, currency: str
) -> None:
    """Suppresses the contact of a bad address and adds a task to correct it; the customer's other contacts stay."""
    suppress_contact(db, actor, customer_id=customer_id, email=mail.to_address, reason=mail.reason)
    db.execute(
        sa.insert(Action).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            customer_id=customer_id,
            run_id=run_id,
            run_on=actor.today,
            currency=currency,
            form="task",
            code="mend_contact",
            level=0,
            audience="internal",
            effects=[],
            state="proposed",
            items=0,
            total_minor=0,
            reason=mail.reason,
            created_at=actor.now,
        )
    )


def _update_action(db: Session, actor: Actor, action_id: UUID, **values: Any) -> None:
    db.execute(sa.update(Action).where(Action.tenant_id == actor.tenant_id, Action.id == action_id).values(**values))


def stored_letter(db: Session, tenant_id: UUID, action_id: UUID) -> storage.Stored | None:
    """Returns the PDF as it went out; None before."""
    a = Action
    sha256 = db.execute(sa.select(a.pdf_sha256).where(a.tenant_id == tenant_id, a.id == action_id)).scalar_one_or_none()
    return storage.load(db, tenant_id, sha256) if sha256 else None
