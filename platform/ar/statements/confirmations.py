"""Records the debtor's answer: a code to the registered contact, then one signed answer bound to the PDF's hash.

Invariants: one answer per statement, the second submit finds the first; an answer needs a code that was entered
under the same link within the hour; a superseded statement takes no answer; the ledger is never touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import ReachableContact
from ar.customers.models import Contact
from ar.statements import mails, queries
from ar.statements.inputs import AnswerStatement
from ar.statements.models import Confirmation, Difference, Statement, StatementLine
from ar.statements.views import Mailing
from kernel import journal, outbox, tokens
from kernel.actor import Actor, after_locks
from kernel.binds import TENANT
from kernel.counters import document_number, take_numbers
from kernel.db import columns
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.tokens import OneTimeCode, TokenFacts

ANSWERED: Final = "statements.answered"
#: How long after entering the code the answer may be submitted.
VERIFIED_LIFE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """The recorded answer. `first` is False when it was recorded before."""

    confirmation_id: UUID
    reference: str
    first: bool


@dataclass(frozen=True, slots=True)
class LinkContact:
    """An active contact; `reachable` is None while the address is suppressed, which does not close the link."""

    reachable: ReachableContact | None


def registered_contact(db: Session, link: TokenFacts) -> ReachableContact | None:
    """Returns the contact for whom the link was issued, if active and reachable."""
    contact = active_contact(db, link)
    return contact.reachable if contact else None


def active_contact(db: Session, link: TokenFacts) -> LinkContact | None:
    """Returns the link's contact if active; None for an inactive one, whose links no longer open."""
    row = columns(db, _contact(), {"tenant": link.tenant_id, "contact": link.contact_id}).first()
    if row is None:
        return None
    return LinkContact(None if row.suppressed_at else ReachableContact(id=row.id, name=row.name, email=row.email))


@cache
def _contact() -> sa.Select[*tuple[Any, ...]]:
    """Selects an active contact (binds: tenant, contact). Cached: every opening of a link asks it."""
    contact = Contact
    return sa.select(contact.id, contact.name, contact.email, contact.suppressed_at).where(
        contact.tenant_id == TENANT,
        contact.id == sa.bindparam("contact", type_=sa.Uuid),
        contact.active.is_(True),
    )


def mask_address(address: str) -> str:
    """Returns the address masked as in `l***@xinsheng.example`, so that it is recognised but not disclosed."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}***{at}{domain}"


def send_code(db: Session, actor: Actor, link: TokenFacts, language: str) -> bool:
    """Mails a new code to the link's registered contact; returns False where one was mailed a moment ago.

    Within `tokens.CODE_REST` a second click must not make the first code void; where its mail failed, a new one goes
    out.
    Raises RuleBroken(`statement_no_contact`, `statement_codes_exhausted`).
    """
    contact = registered_contact(db, link)
    if contact is None:
        raise RuleBroken("statement_no_contact")
    actor = tokens.lock_token(db, actor, link.id)
    on_its_way = tokens.is_code_on_its_way(db, actor, link.id, contact.email)
    if on_its_way and not mails.last_code_failed(db, actor.tenant_id, link.subject_id, contact.email):
        return False
    issued = tokens.new_code(db, actor, link.id, contact.email)
    if issued is None:
        raise RuleBroken("statement_codes_exhausted")
    code_id, code = issued
    mailing = queries.mailing(db, actor.tenant_id, link.subject_id)
    mails.queue_code(db, actor, link.subject_id, mailing, contact, code, language)
    _record_code_event(db, actor, link, "statement_code_sent", {"code_id": str(code_id), "to": contact.email})
    return True


def verify_code(db: Session, actor: Actor, link: TokenFacts, typed: str) -> UUID | None:
    """Returns the code's id if `typed` is right, else None. Every try is counted, so the caller commits either way."""
    code_id = tokens.use_code(db, actor, link.id, typed)
    if code_id is not None:
        _record_code_event(db, actor, link, "statement_code_entered", {"code_id": str(code_id)})
    return code_id


def verified_code_address(db: Session, actor: Actor, link: TokenFacts, code_id: UUID) -> str | None:
    """Returns the address the code was sent to, if it was entered under this link within VERIFIED_LIFE; else None."""
    c = OneTimeCode
    return db.execute(
        sa.select(c.sent_to).where(
            c.tenant_id == actor.tenant_id,
            c.id == code_id,
            c.token_id == link.id,
            c.used_at > actor.now - VERIFIED_LIFE,
        )
    ).scalar_one_or_none()


def answer_statement(db: Session, actor: Actor, link: TokenFacts, data: AnswerStatement) -> RecordedAnswer:
    """Records the answer once (R121, R127, A26); a second call returns the first answer.

    Raises NotFound(`statement_link_closed`) for a superseded statement or an inactive contact, RuleBroken
    (`statement_code_needed`).
    """
    s = Statement
    db.execute(sa.select(s.id).where(s.tenant_id == actor.tenant_id, s.id == link.subject_id).with_for_update())
    actor = after_locks(db, actor)
    recorded = _find_answer(db, actor.tenant_id, link.subject_id)
    if recorded:
        return recorded
    mailing = queries.mailing(db, actor.tenant_id, link.subject_id)
    if mailing.superseded or active_contact(db, link) is None:
        raise NotFound("statement_link_closed")
    code_sent_to = verified_code_address(db, actor, link, data.code_id)
    if code_sent_to is None:
        raise RuleBroken("statement_code_needed")
    confirmation_id, reference = _insert_answer(db, actor, link, data, mailing, code_sent_to)
    journal.record(
        db,
        actor,
        "statement_confirmed" if data.outcome == "agrees" else "statement_disputed",
        customer_id=mailing.customer_id,
        subject_id=link.subject_id,
        data={
            "number": mailing.number,
            "reference": reference,
            "signer": f"{data.signer_name}, {data.signer_title}",
            "pdf_sha256": mailing.pdf_sha256,
            "differences": len(data.differences),
        },
    )
    outbox.put(
        db,
        actor,
        ANSWERED,
        {"statement_id": str(link.subject_id), "confirmation_id": str(confirmation_id), "outcome": data.outcome},
        key=f"answered:{confirmation_id}",
    )
    answer = mails.Answer(link.subject_id, mailing, reference, data)
    contact = registered_contact(db, link)
    if contact is not None:
        mails.queue_copy(db, actor, answer, contact)
    mails.queue_team(db, actor, answer)
    return RecordedAnswer(confirmation_id, reference, True)


def _record_code_event(db: Session, actor: Actor, link: TokenFacts, kind: str, data: dict[str, str]) -> None:
    """Records in the journal that a code was sent or entered, as part of the evidence."""
    journal.record(db, actor, kind, customer_id=link.customer_id, subject_id=link.subject_id, data=data)


def _find_answer(db: Session, tenant_id: UUID, statement_id: UUID) -> RecordedAnswer | None:
    answer = Confirmation
    row = db.execute(
        sa.select(answer.id, answer.reference).where(answer.tenant_id == tenant_id, answer.statement_id == statement_id)
    ).first()
    return RecordedAnswer(confirmation_id=row.id, reference=row.reference, first=False) if row else None


def _insert_answer(
    db: Session, actor: Actor, link: TokenFacts, data: AnswerStatement, mailing: Mailing, code_sent_to: str
) -> tuple[UUID, str]:
    confirmation_id = new_id()
    taken = take_numbers(db, actor.tenant_id, "confirmation")[0]
    reference = document_number("CF", actor.today.year, taken)
    db.execute(
        sa.insert(Confirmation).values(
            tenant_id=actor.tenant_id,
            id=confirmation_id,
            statement_id=link.subject_id,
            reference=reference,
            outcome=data.outcome,
            signer_name=data.signer_name,
            signer_title=data.signer_title,
            authority=data.authority,
            contact_id=link.contact_id,
            code_sent_to=code_sent_to,
            token_id=link.id,
            code_id=data.code_id,
            pdf_sha256=mailing.pdf_sha256,
            remote_address=data.remote_address,
            user_agent=data.user_agent,
            language=data.language,
            confirmed_at=actor.now,
        )
    )
    rows = _difference_rows(db, actor.tenant_id, confirmation_id, link.subject_id, data)
    if rows:
        db.execute(sa.insert(Difference), rows)
    return confirmation_id, reference


def _difference_rows(
    db: Session, tenant_id: UUID, confirmation_id: UUID, statement_id: UUID, data: AnswerStatement
) -> list[dict[str, object]]:
    """Returns the rows to insert; our side comes from the frozen lines, never from the browser.

    A line is identified by its id within this statement; a document number alone only where a single line has it.
    """
    line = StatementLine
    open_lines = db.execute(
        sa.select(line.id, line.document_no, line.item_id, (line.debit_minor - line.credit_minor).label("minor")).where(
            line.tenant_id == tenant_id, line.statement_id == statement_id, line.part == "open"
        )
    ).all()
    by_id = {row.id: row for row in open_lines}
    occurrences = Counter(row.document_no for row in open_lines)
    by_number = {row.document_no: row for row in open_lines if occurrences[row.document_no] == 1}
    rows: list[dict[str, object]] = []
    for position, difference in enumerate(data.differences, start=1):
        own = by_id.get(difference.line_id) if difference.line_id else by_number.get(difference.document_no)
        rows.append(
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "confirmation_id": confirmation_id,
                "position": position,
                "document_no": own.document_no if own else difference.document_no,
                "item_id": own.item_id if own else None,
                "our_minor": own.minor if own else None,
                "their_minor": difference.their_minor,
                "reason": difference.reason,
                "note": difference.note,
            }
        )
    return rows
