"""The debtor's answer: a code to the registered contact, then one signed answer bound to the PDF's hash.

Invariants: one answer per statement, the second submit finds the first; an answer needs a code that was entered
under the same link within the hour; a superseded statement takes no answer; the ledger is never touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Contact, Customer
from ar.statements import queries
from ar.statements.commands import Recipient
from ar.statements.documents import file_name, kind_name
from ar.statements.inputs import REASONS, AnswerStatement
from ar.statements.models import Confirmation, Difference, Statement, StatementLine
from ar.statements.views import Mailing
from kernel import journal, outbox, tokens
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.ids import new_id
from kernel.journal import JournalEvent
from kernel.mail import Attachment, OutgoingMail, queue_mail
from kernel.money import format_with_symbol
from kernel.tokens import OneTimeCode, TokenFacts
from kernel.views import select_view, value, view
from tenants.models import Company, Membership, Tenant, User
from web.mailtexts import MailTexts, render_mail

ANSWERED: Final = "statements.answered"
CODE_PURPOSE, COPY_PURPOSE, TEAM_PURPOSE = "statement_code", "statement_copy", "statement_answered"
#: How long after entering the code the answer may still be sent: time to check it, not to pass it on.
ENTERED_LIFE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer on file. `first` is False when it was there before."""

    confirmation_id: UUID
    reference: str
    first: bool


@dataclass(frozen=True, slots=True)
class LinkContact:
    """An active contact; `reachable` is None while their address does not work, which closes no link."""

    reachable: Recipient | None


@dataclass(frozen=True, slots=True)
class Reader:
    """One of our own people who is told of an answer."""

    email: str
    name: str
    language: str


def registered_contact(db: Session, link: TokenFacts) -> Recipient | None:
    """Whom the link was made for, while they are active and reachable."""
    contact = active_contact(db, link)
    return contact.reachable if contact else None


def active_contact(db: Session, link: TokenFacts) -> LinkContact | None:
    """The link's contact while they speak for the customer: who was taken out of use has no access any more."""
    c = Contact
    row = db.execute(
        sa.select(c.id, c.name, c.email, c.suppressed_at).where(
            c.tenant_id == link.tenant_id, c.id == link.contact_id, c.active.is_(True)
        )
    ).first()
    if row is None:
        return None
    return LinkContact(None if row.suppressed_at else Recipient(id=row.id, name=row.name, email=row.email))


def masked(address: str) -> str:
    """`l***@xinsheng.example`: enough to know one's own address, not enough to learn another's."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}***{at}{domain}"


def send_code(db: Session, actor: Actor, link: TokenFacts, language: str) -> str:
    """Mails a fresh code to the link's registered contact; returns the masked address.

    Raises RuleBroken(`statement_no_contact`, `statement_codes_exhausted`).
    """
    contact = registered_contact(db, link)
    if contact is None:
        raise RuleBroken("statement_no_contact")
    made = tokens.new_code(db, actor, link.id, contact.email)
    if made is None:
        raise RuleBroken("statement_codes_exhausted")
    code_id, code = made
    mailing = queries.mailing(db, actor.tenant_id, link.subject_id)
    texts = render_mail(
        CODE_PURPOSE,
        language,
        code=code,
        minutes=tokens.CODE_LIFE // timedelta(minutes=1),
        number=mailing.number,
        sender=mailing.sender.name,
        recipient=contact.name or mailing.customer_name,
    )
    _queue(db, actor, link.subject_id, mailing, (contact.email, contact.name), texts, CODE_PURPOSE)
    _note_code(db, actor, link, "statement_code_sent", {"code_id": str(code_id), "to": contact.email})
    return masked(contact.email)


def enter_code(db: Session, actor: Actor, link: TokenFacts, typed: str) -> UUID | None:
    """The code's id when it is right; the try is counted either way, so the caller commits either way."""
    code_id = tokens.use_code(db, actor, link.id, typed)
    if code_id is not None:
        _note_code(db, actor, link, "statement_code_entered", {"code_id": str(code_id)})
    return code_id


def entered_code(db: Session, actor: Actor, link: TokenFacts, code_id: UUID) -> str | None:
    """Where the code went, if it was entered under this link within the hour; else None."""
    c = OneTimeCode
    return db.execute(
        sa.select(c.sent_to).where(
            c.tenant_id == actor.tenant_id,
            c.id == code_id,
            c.token_id == link.id,
            c.used_at > actor.now - ENTERED_LIFE,
        )
    ).scalar_one_or_none()


def answer_statement(db: Session, actor: Actor, link: TokenFacts, data: AnswerStatement) -> Answered:
    """Records the answer once (R121, R127, A26). Raises NotFound for a superseded statement, RuleBroken
    (`statement_code_needed`)."""
    s = Statement
    db.execute(sa.select(s.id).where(s.tenant_id == actor.tenant_id, s.id == link.subject_id).with_for_update())
    known = _on_file(db, actor.tenant_id, link.subject_id)
    if known:
        return known
    mailing = queries.mailing(db, actor.tenant_id, link.subject_id)
    if mailing.superseded or active_contact(db, link) is None:
        raise NotFound("statement_link_closed")
    code_sent_to = entered_code(db, actor, link, data.code_id)
    if code_sent_to is None:
        raise RuleBroken("statement_code_needed")
    confirmation_id, reference = _record(db, actor, link, data, mailing, code_sent_to)
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
    _mail_copy(db, actor, link, data, mailing, reference)
    _mail_team(db, actor, link, data, mailing, reference)
    return Answered(confirmation_id, reference, True)


def _note_code(db: Session, actor: Actor, link: TokenFacts, kind: str, data: dict[str, str]) -> None:
    """That a code went out and came back is part of the evidence."""
    journal.record(db, actor, kind, customer_id=link.customer_id, subject_id=link.subject_id, data=data)


def _on_file(db: Session, tenant_id: UUID, statement_id: UUID) -> Answered | None:
    k = Confirmation
    row = db.execute(
        sa.select(k.id, k.reference).where(k.tenant_id == tenant_id, k.statement_id == statement_id)
    ).first()
    return Answered(confirmation_id=row.id, reference=row.reference, first=False) if row else None


def _record(
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
    """Our side of each row comes from the frozen lines, never from what the browser sent back.

    A line is known by its id, within this statement only. A number alone counts where one single line carries it.
    """
    n = StatementLine
    ours = db.execute(
        sa.select(n.id, n.document_no, n.item_id, (n.debit_minor - n.credit_minor).label("minor")).where(
            n.tenant_id == tenant_id, n.statement_id == statement_id, n.part == "open"
        )
    ).all()
    by_id = {row.id: row for row in ours}
    times = Counter(row.document_no for row in ours)
    by_number = {row.document_no: row for row in ours if times[row.document_no] == 1}
    rows: list[dict[str, object]] = []
    for position, line in enumerate(data.differences, start=1):
        own = by_id.get(line.line_id) if line.line_id else by_number.get(line.document_no)
        rows.append(
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "confirmation_id": confirmation_id,
                "position": position,
                "document_no": own.document_no if own else line.document_no,
                "item_id": own.item_id if own else None,
                "our_minor": own.minor if own else None,
                "their_minor": line.their_minor,
                "reason": line.reason,
                "note": line.note,
            }
        )
    return rows


def _mail_copy(
    db: Session, actor: Actor, link: TokenFacts, data: AnswerStatement, mailing: Mailing, reference: str
) -> None:
    contact = registered_contact(db, link)
    if contact is None:
        return
    texts = render_mail(
        COPY_PURPOSE,
        data.language,
        **_answer_values(data, mailing, reference),
        differences=_difference_texts(db, actor.tenant_id, link.subject_id, mailing.currency, data.language),
        recipient=contact.name or mailing.customer_name,
    )
    _queue(db, actor, link.subject_id, mailing, (contact.email, contact.name), texts, COPY_PURPOSE)


def _difference_texts(
    db: Session, tenant_id: UUID, statement_id: UUID, currency: str, language: str
) -> list[dict[str, str]]:
    """The differences as they are on file, in words and figures of the language."""
    known = queries.answer(db, tenant_id, statement_id)

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
            for line in (known.differences if known else ())
        ]


def _mail_team(
    db: Session, actor: Actor, link: TokenFacts, data: AnswerStatement, mailing: Mailing, reference: str
) -> None:
    """To whoever owns the customer, else to the company's contact; of differences also to who issued the statement."""
    readers = [_owner(db, actor.tenant_id, mailing.customer_id) or _company_contact(db, actor.tenant_id)]
    if data.outcome == "differs":
        readers.append(_issuer(db, actor.tenant_id, link.subject_id))
    told: set[str] = set()
    for reader in readers:
        if reader is None or not reader.email or reader.email.casefold() in told:
            continue
        told.add(reader.email.casefold())
        texts = render_mail(
            TEAM_PURPOSE,
            reader.language,
            **_answer_values(data, mailing, reference),
            differences=len(data.differences),
            recipient=reader.name or mailing.sender.name,
        )
        _queue(db, actor, link.subject_id, mailing, (reader.email, reader.name), texts, TEAM_PURPOSE)


def _owner(db: Session, tenant_id: UUID, customer_id: UUID) -> Reader | None:
    """Whoever owns the customer and still belongs to the company."""
    c = Customer
    return _member(db, tenant_id, sa.select(c.owner_id).where(c.tenant_id == tenant_id, c.id == customer_id))


def _issuer(db: Session, tenant_id: UUID, statement_id: UUID) -> Reader | None:
    """The person who issued the statement, as the journal names them, while they belong to the company."""
    j = JournalEvent
    by = sa.select(j.user_id).where(
        j.tenant_id == tenant_id, j.subject_id == statement_id, j.kind == "statement_issued"
    )
    return _member(db, tenant_id, by)


def _member(db: Session, tenant_id: UUID, user_id: sa.Select[Any]) -> Reader | None:
    user, member = User, Membership
    row = db.execute(
        select_view(Reader, email=value(user.email), name=value(user.name), language=value(user.language))
        .join(member, sa.and_(member.tenant_id == tenant_id, member.user_id == user.id))
        .where(user.id.in_(user_id), member.active.is_(True))
    ).first()
    return view(Reader, row) if row else None


def _company_contact(db: Session, tenant_id: UUID) -> Reader | None:
    company, tenant = Company, Tenant
    row = db.execute(
        select_view(
            Reader,
            email=value(company.contact_email),
            name=value(company.contact_name),
            language=value(tenant.language),
        )
        .join(tenant, tenant.id == company.tenant_id)
        .where(company.tenant_id == tenant_id)
    ).first()
    return view(Reader, row) if row else None


def _answer_values(data: AnswerStatement, mailing: Mailing, reference: str) -> dict[str, object]:
    return {
        "agrees": data.outcome == "agrees",
        "number": mailing.number,
        "reference": reference,
        "customer": mailing.customer_name,
        "sender": mailing.sender.name,
        "contact": mailing.sender.reach,
        "signer": f"{data.signer_name}, {data.signer_title}",
        "sha256": mailing.pdf_sha256,
    }


def _queue(
    db: Session,
    actor: Actor,
    statement_id: UUID,
    mailing: Mailing,
    to: tuple[str, str],
    texts: MailTexts,
    purpose: str,
) -> None:
    attached = () if purpose == CODE_PURPOSE else (Attachment(file_name(mailing.number), mailing.pdf_sha256),)
    outgoing = OutgoingMail(
        to_address=to[0],
        to_name=to[1],
        subject=texts.subject,
        body_text=texts.text,
        body_html=texts.html,
        from_name=mailing.sender.name,
        reply_to=mailing.sender.contact_email or None,
        attachments=attached,
    )
    queue_mail(db, actor, outgoing, purpose=purpose, subject_id=statement_id, customer_id=mailing.customer_id)
