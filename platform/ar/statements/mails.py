"""Queues the mails of statements: the statement, the code, the copy of the answer, the notice to the team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import ReachableContact
from ar.customers.models import Customer
from ar.statements import queries
from ar.statements.documents import closing_label, file_name, interest_label, kind_name
from ar.statements.inputs import REASONS, AnswerStatement
from ar.statements.views import Mailing
from kernel.actor import Actor
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.journal import JournalEvent, NewEvent
from kernel.mail import Attachment, MailMessage, OutgoingMail, queue_mails
from kernel.money import format_with_symbol
from kernel.tokens import CODE_LIFE
from tenants.permissions import Permission, allows, sees_own_customers_only
from tenants.queries import company, tenant
from tenants.recipients import PERSON_REMOVED, Person, active_person, active_person_at, was_member
from web.mailtexts import Addressee, MailReader, rendered

PURPOSE: Final = "statement"
CODE_PURPOSE, COPY_PURPOSE, TEAM_PURPOSE = "statement_code", "statement_copy", "statement_answered"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has just been recorded, for the mails about it."""

    statement_id: UUID
    mailing: Mailing
    reference: str
    data: AnswerStatement


@dataclass(frozen=True, slots=True)
class StatementMail:
    """A statement to be mailed to a contact with its portal link `url`."""

    statement_id: UUID
    mailing: Mailing
    contact: ReachableContact
    url: str


def queue_statements(db: Session, actor: Actor, wanted: Sequence[StatementMail]) -> list[UUID]:
    """Queues for each the PDF with its link in the debtor's language; returns the mails' ids, in this order."""
    return queue_mails(
        db, actor, PURPOSE, [(_statement_mail(each), each.statement_id, each.mailing.customer_id) for each in wanted]
    )


def queued_event(statement_id: UUID, customer_id: UUID, number: str, to: str, mail_id: UUID) -> NewEvent:
    """Returns the event that a statement's mail waits to be sent."""
    facts = {"number": number, "to": to, "mail_id": str(mail_id)}
    return NewEvent("statement_queued", customer_id, statement_id, facts)


def _statement_mail(wanted: StatementMail) -> OutgoingMail:
    mailing, contact, language = wanted.mailing, wanted.contact, wanted.mailing.language
    with use_language(language):
        label = closing_label(mailing.closing_minor, mailing.period_to)
        interest = ""
        if mailing.interest_minor is not None:
            stated = format_with_symbol(mailing.interest_minor, mailing.currency, language)
            interest = f"{interest_label(mailing.period_to)}: {stated}"
    values = {
        "sender": mailing.sender.name,
        "contact": mailing.sender.contact_line,
        "recipient": contact.name or mailing.customer_name,
        "customer": mailing.customer_name,
        "number": mailing.number,
        "closing_label": label,
        "amount": format_with_symbol(mailing.closing_minor, mailing.currency, language),
        "words": mailing.amount_in_words,
        "interest": interest,
        "respond_by": mailing.respond_by_on.isoformat(),
        "url": wanted.url,
    }
    return _mail(PURPOSE, mailing, Addressee(contact.email, contact.name, language), values)


def queue_code(
    db: Session,
    actor: Actor,
    statement_id: UUID,
    mailing: Mailing,
    contact: ReachableContact,
    code: str,
    language: str,
) -> None:
    """Queues the one-time code to the contact for whom the link was issued."""
    values = {
        "code": code,
        "minutes": CODE_LIFE // timedelta(minutes=1),
        "number": mailing.number,
        "sender": mailing.sender.name,
        "recipient": contact.name or mailing.customer_name,
    }
    to = Addressee(contact.email, contact.name, language)
    _queue(db, actor, CODE_PURPOSE, statement_id, mailing, to, values)


def last_code_failed(db: Session, tenant_id: UUID, statement_id: UUID, address: str) -> bool:
    """Returns whether the last mail of a code to this address was refused, suppressed or is in doubt."""
    m = MailMessage
    newest = db.execute(
        sa.select(m.state)
        .where(
            m.tenant_id == tenant_id,
            m.subject_id == statement_id,
            m.purpose == CODE_PURPOSE,
            m.to_address == address,
        )
        .order_by(m.id.desc())
        .limit(1)
    ).first()
    return newest is not None and newest.state in ("failed", "suppressed", "unknown")


def queue_copy(db: Session, actor: Actor, answer: Answer, contact: ReachableContact) -> None:
    """Queues a copy of the answer to the contact who signed it."""
    mailing, language = answer.mailing, answer.data.language
    values = {
        **_answer_values(answer),
        "differences": _difference_texts(db, actor.tenant_id, answer.statement_id, mailing.currency, language),
        "recipient": contact.name or mailing.customer_name,
    }
    to = Addressee(contact.email, contact.name, language)
    _queue(db, actor, COPY_PURPOSE, answer.statement_id, mailing, to, values)


def queue_team(db: Session, actor: Actor, answer: Answer) -> None:
    """Queues the notice to the customer's owner, else the company's contact; of differences also to the issuer."""
    mailing = answer.mailing
    readers: list[MailReader | None] = [
        _owner(db, actor.tenant_id, mailing.customer_id) or _company_contact(db, actor.tenant_id)
    ]
    if answer.data.outcome == "differs":
        readers.append(_issuer(db, actor.tenant_id, answer.statement_id))
    addressed: set[str] = set()
    for reader in readers:
        if reader is None or not reader.email or reader.email.casefold() in addressed:
            continue
        addressed.add(reader.email.casefold())
        values = {
            **_answer_values(answer),
            "differences": len(answer.data.differences),
            "recipient": reader.name or mailing.sender.name,
        }
        _queue(db, actor, TEAM_PURPOSE, answer.statement_id, mailing, reader, values)


def recheck_team(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Checks before sending that a person still sees the customer; the company's own address always does.

    The company's contact address may have changed since the mail was queued: an answer of a debtor still reaches it.
    """
    if not was_member(db, actor.tenant_id, message.to_address):
        return None
    reader = active_person_at(db, actor.tenant_id, message.to_address)
    return None if reader and _sees_customer(db, actor.tenant_id, reader, message.customer_id) else PERSON_REMOVED


def _sees_customer(db: Session, tenant_id: UUID, reader: Person, customer_id: UUID | None) -> bool:
    if not allows(reader.roles, Permission.READ):
        return False
    if customer_id is None or not sees_own_customers_only(reader.roles) or company(db, tenant_id).sales_see_all:
        return True
    owner = _owner(db, tenant_id, customer_id)
    return owner is not None and owner.id == reader.id


def _owner(db: Session, tenant_id: UUID, customer_id: UUID) -> Person | None:
    c = Customer
    owner_id = db.execute(
        sa.select(c.owner_id).where(c.tenant_id == tenant_id, c.id == customer_id)
    ).scalar_one_or_none()
    return active_person(db, tenant_id, owner_id)


def _issuer(db: Session, tenant_id: UUID, statement_id: UUID) -> Person | None:
    """Returns the person who issued the statement, from the journal, if still active in the company."""
    j = JournalEvent
    by = sa.select(j.user_id).where(
        j.tenant_id == tenant_id, j.subject_id == statement_id, j.kind == "statement_issued"
    )
    return active_person(db, tenant_id, db.execute(by.limit(1)).scalar_one_or_none())


def _company_contact(db: Session, tenant_id: UUID) -> Addressee:
    facts = company(db, tenant_id)
    return Addressee(facts.contact_email, facts.contact_name, tenant(db, tenant_id).language)


def _answer_values(answer: Answer) -> dict[str, object]:
    data, mailing = answer.data, answer.mailing
    return {
        "agrees": data.outcome == "agrees",
        "number": mailing.number,
        "reference": answer.reference,
        "customer": mailing.customer_name,
        "sender": mailing.sender.name,
        "contact": mailing.sender.contact_line,
        "signer": f"{data.signer_name}, {data.signer_title}",
        "sha256": mailing.pdf_sha256,
    }


def _difference_texts(
    db: Session, tenant_id: UUID, statement_id: UUID, currency: str, language: str
) -> list[dict[str, str]]:
    """Returns the recorded differences in texts and amounts of the language."""
    recorded = queries.find_answer(db, tenant_id, statement_id)

    def money(minor: int | None) -> str:
        return "—" if minor is None else format_with_symbol(minor, currency, language)

    with use_language(language):
        return [
            {
                "document": " ".join(filter(None, (line.document_no, kind_name(line.kind or "")))),
                "ours": money(line.our_minor),
                "theirs": money(line.their_minor),
                "reason": _(REASONS[line.reason]) if line.reason in REASONS else line.reason,
                "note": line.note,
            }
            for line in (recorded.differences if recorded else ())
        ]


def _queue(
    db: Session,
    actor: Actor,
    purpose: str,
    statement_id: UUID,
    mailing: Mailing,
    to: MailReader,
    values: Mapping[str, Any],
) -> None:
    """Queues a mail in the name of the company."""
    queue_mails(db, actor, purpose, [(_mail(purpose, mailing, to, values), statement_id, mailing.customer_id)])


def _mail(purpose: str, mailing: Mailing, to: MailReader, values: Mapping[str, Any]) -> OutgoingMail:
    """Returns a mail in the name of the company; all but the code have the statement's PDF attached."""
    attached = () if purpose == CODE_PURPOSE else (Attachment(file_name(mailing.number), mailing.pdf_sha256),)
    return rendered(
        purpose,
        to,
        values,
        from_name=mailing.sender.name,
        reply_to=mailing.sender.contact_email or None,
        attachments=attached,
    )
