"""Sends an approved letter: makes paper and mail, rechecks it before SMTP, records its delivery.

Invariants: nothing is sent to someone who has paid (also where the money only waits to be applied), disputes or is on
hold by the moment of sending; a letter says what is open now; only what the mail server took moves a level; only a bad
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
from ar.cases.letters import drafting as letters
from ar.cases.letters.drafting import PURPOSE, Draft, LetterLine
from ar.cases.letters.enclosures import statement_for
from ar.cases.models import Action
from ar.cases.rules.policy import Effect
from ar.customers.commands import suppress_contact
from ar.customers.lookups import reachable
from ar.customers.models import Contact
from ar.statements.commands import find_link, lock_for_statements
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
_FREEZE: Final = sa.text("""
    UPDATE step SET open_minor = n.open_minor
    FROM unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) AS n(id, open_minor)
    WHERE step.tenant_id = :tenant AND step.id = n.id
""")


def prepare_letter(db: Session, actor: Actor, action_id: UUID, book: PolicyBook | None = None) -> str | None:
    """Numbers, prints, stores and queues an approved letter. Returns why nothing was left to chase, else None.

    `book` holds the policies if the caller has read them already. Raises RuleBroken(`no_dunning_contact`).
    """
    letter = letters.draft(db, actor, action_id, book)
    reason = _suppress_unchased(db, actor, letter)
    if reason is not None:
        return reason
    addressee = letter.addressee
    if addressee is None:
        raise RuleBroken("no_dunning_contact", customer=letter.customer_name)
    deadline_on = letter.deadline_on or letters.default_deadline(letter)
    again = letter.number is not None
    number = letter.number or _take_number(db, actor)
    letter = letters.with_terms(letter, number=number, deadline_on=deadline_on)
    statement, link = statement_for(db, actor, letter)
    sha256 = _store_paper(db, actor, letter)
    mail_id = queue_mail(
        db,
        actor,
        letters.write_mail(letter, addressee, (*_attached(letter, sha256), *statement), link),
        purpose=PURPOSE,
        subject_id=action_id,
        customer_id=letter.customer_id,
        key=f"action:{action_id}:{actor.now.isoformat()}" if again else f"action:{action_id}",
    )
    _freeze(db, actor, letter, sha256, number=number, contact_id=addressee.id, mail_id=mail_id, reason=None)
    facts = {"number": number, "to": addressee.email, "total_minor": letter.total_minor, "pdf_sha256": sha256}
    record(db, actor, "letter_queued", customer_id=letter.customer_id, subject_id=action_id, data=facts)
    if Effect.PROPOSE_STOP_SHIPMENT.value in letter.effects:
        record(db, actor, "stop_shipment_proposed", customer_id=letter.customer_id, subject_id=action_id)
    return None


def prepare_letters(db: Session, actor: Actor, again_kind: str) -> int:
    """Prepares the next released letters, and puts a message of `again_kind` when more wait; returns how many.

    One that cannot be made goes back into the queue with the reason; the others go out.
    """
    lock_cases(db, actor)
    a = Action
    rows = db.execute(
        sa.select(a.id, a.customer_id, a.effects)
        .where(a.tenant_id == actor.tenant_id, a.state == "approved", a.form == "letter", a.mail_id.is_(None))
        .order_by(a.id)
        .limit(LETTERS_PER_JOB + 1)
    ).all()
    batch = rows[:LETTERS_PER_JOB]
    # Issuing a statement locks its customer, then takes a number. All customers come before the first number, in id
    # order, or this batch and somebody who issues one statement wait for each other.
    asked = [row.customer_id for row in batch if letters.asks_confirmation(row.effects)]
    if asked:
        lock_for_statements(db, actor.tenant_id, asked)
    book = policy_book(db, actor.tenant_id)
    for row in batch:
        fault = _prepare_in_savepoint(db, actor, row.id, book)
        if fault is not None:
            return_to_queue(db, actor, row.id, reason=fault)
    if len(rows) > LETTERS_PER_JOB:
        outbox.put(db, actor, again_kind, {}, key=f"{again_kind}:{new_id()}")
    return len(batch)


def _prepare_in_savepoint(db: Session, actor: Actor, action_id: UUID, book: PolicyBook) -> str | None:
    """Prepares one letter in a savepoint of its own. Returns the code of why it could not be made, else None."""
    try:
        with db.begin_nested():
            prepare_letter(db, actor, action_id, book)
    except OperationalError:
        # The database itself is in trouble, not this letter: the whole job is tried again.
        raise
    except HuikuanError as fault:
        return fault.code
    except Exception:
        log.exception("letter not made", tenant=str(actor.tenant_id), action=str(action_id))
        return "letter_failed"
    return None


def return_to_queue(db: Session, actor: Actor, action_id: UUID, *, reason: str | None = None) -> None:
    """Returns a released letter to the queue: it keeps its number, its mail and deadline are made anew."""
    _set(
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
    lock_cases(db, actor)
    a = Action
    action = db.execute(
        sa.select(a.id, a.state, a.mail_id)
        .where(a.tenant_id == actor.tenant_id, a.id == mail.subject_id)
        .with_for_update()
    ).first()
    if action is None or action.state != "approved" or action.mail_id != mail.id:
        return "withdrawn"
    letter = letters.draft(db, actor, action.id)
    reason = _suppress_unchased(db, actor, letter)
    if reason is not None:
        return reason
    if not _still_reachable(db, actor, mail):
        return "contact_suppressed"
    if len(letter.chased) != len(letter.lines) or any(each.open_minor != each.frozen_minor for each in letter.lines):
        _rewrite(db, actor, mail, letter)
    return None


def record_letter_delivery(db: Session, actor: Actor, mail: MailMessage, state: str) -> None:
    """Records what became of a letter's mail: sent moves levels, failed and unknown wait for a person (R161, R197).

    Only an address that the mail server refused for good is not written to again; whatever else stopped the mail (our
    own quota, a filter, a server that was down) is no fault of the debtor's contact, and the letter can go again.
    """
    lock_cases(db, actor)
    redact_links(db, actor.tenant_id, mail.id)
    a = Action
    action = db.execute(
        sa.select(a.id, a.customer_id, a.run_id, a.currency, a.number, a.state, a.deadline_on, a.code, a.mail_id)
        .where(a.tenant_id == actor.tenant_id, a.id == mail.subject_id)
        .with_for_update()
    ).first()
    # A mail whose place another has taken has nothing to say about the letter any more.
    if action is None or action.mail_id != mail.id or action.state not in ("approved", "suppressed", "unknown"):
        return
    if state == "sent":
        steps = pending_step_ids(db, actor.tenant_id, action.id)
        record_step_outcome(db, actor, steps, "delivered", deadline_on=action.deadline_on)
        _set(db, actor, action.id, state="delivered", delivered_at=actor.now, reason=None)
    elif state == "suppressed":
        record_step_outcome(db, actor, pending_step_ids(db, actor.tenant_id, action.id), "suppressed")
        _set(db, actor, action.id, state="suppressed", reason=mail.reason)
    else:
        mark_steps(db, actor, action.id, "failed" if state == "failed" else "unknown")
        _set(db, actor, action.id, state="failed" if state == "failed" else "unknown", reason=mail.reason)
        if state == "failed" and address_is_bad(mail):
            _replace_contact(db, actor, mail, action.customer_id, action.run_id, action.currency)
    facts = {"to": mail.to_address, "number": action.number, "code": action.code, "reason": mail.reason}
    kind = {"sent": "letter_sent", "suppressed": "letter_not_sent", "failed": "letter_bounced"}.get(state)
    kind = kind or "letter_in_doubt"
    record(db, actor, kind, customer_id=action.customer_id, subject_id=action.id, data=facts)


def _suppress_unchased(db: Session, actor: Actor, letter: Draft) -> str | None:
    """Suppresses the steps of items that must not be chased. Returns the commonest reason when no item is left."""
    gone = [line for line in letter.lines if line.reason is not None]
    if gone:
        record_step_outcome(db, actor, [line.step_id for line in gone], "suppressed", book=letter.book)
    if letter.chased:
        return None
    reason = Counter(line.reason for line in gone).most_common(1)[0][0] if gone else "withdrawn"
    refresh_actions(db, actor, [letter.action_id], reason or "withdrawn")
    return reason


def _rewrite(db: Session, actor: Actor, mail: MailMessage, letter: Draft) -> None:
    """Prints a letter anew after part was paid or an item fell out; its level, number and date stay."""
    name = letters.file_name(letter)
    kept = tuple(Attachment(**each) for each in mail.attachments if each["file_name"] != name)
    sha256 = _store_paper(db, actor, letter)
    addressee = letters.Addressee(mail.id, mail.to_name, mail.to_address)
    link = find_link(mail.body_text)
    again = letters.write_mail(letter, addressee, (*_attached(letter, sha256), *kept), link)
    rewrite_queued_mail(db, actor.tenant_id, mail.id, again)
    _freeze(db, actor, letter, sha256)
    facts = {"number": letter.number, "total_minor": letter.total_minor, "pdf_sha256": sha256}
    record(db, actor, "letter_rewritten", customer_id=letter.customer_id, subject_id=letter.action_id, data=facts)


def _store_paper(db: Session, actor: Actor, letter: Draft) -> str:
    return storage.store(db, actor, letters.print_letter(letter).pdf, PDF)


def _attached(letter: Draft, sha256: str) -> tuple[Attachment, ...]:
    return (Attachment(letters.file_name(letter), sha256),)


def _freeze(db: Session, actor: Actor, letter: Draft, sha256: str, **more: Any) -> None:
    """Stores the amounts of the printed paper in its steps and its action."""
    chased: Sequence[LetterLine] = letter.chased
    db.execute(
        _FREEZE,
        {
            "tenant": actor.tenant_id,
            "ids": [line.step_id for line in chased],
            "amounts": [line.open_minor for line in chased],
        },
    )
    deadline: date | None = letter.deadline_on
    _set(
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


def _still_reachable(db: Session, actor: Actor, mail: MailMessage) -> bool:
    c = Contact
    found = db.execute(
        sa.select(c.id).where(
            c.tenant_id == actor.tenant_id,
            c.customer_id == mail.customer_id,
            c.email == mail.to_address,
            *reachable(),
        )
    ).first()
    return found is not None


def _replace_contact(
    db: Session, actor: Actor, mail: MailMessage, customer_id: UUID, run_id: UUID, currency: str
) -> None:
    """Suppresses the contact of a bad address and adds a task to find another; other contacts of the customer stay."""
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


def _set(db: Session, actor: Actor, action_id: UUID, **values: Any) -> None:
    db.execute(sa.update(Action).where(Action.tenant_id == actor.tenant_id, Action.id == action_id).values(**values))


def stored_paper(db: Session, tenant_id: UUID, action_id: UUID) -> storage.Stored | None:
    """Returns the paper as it went out; None while there is none."""
    a = Action
    sha256 = db.execute(sa.select(a.pdf_sha256).where(a.tenant_id == tenant_id, a.id == action_id)).scalar_one_or_none()
    return storage.load(db, tenant_id, sha256) if sha256 else None
