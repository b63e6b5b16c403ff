"""Writes the notice of a stop of shipments to the customer (Civil Code art. 527, 528): a letter as PDF, by e-mail.

Invariants: one notice a stop; a notice whose stop was lifted before it went out is not sent; the letter says why
shipments are stopped and what ends it, and threatens nothing.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.checks.models import ShippingHold
from ar.customers.lookups import find_contact, is_reachable
from ar.customers.models import Customer
from ar.ledger.commands import lock_customers
from ar.statements.lookups import Sender, sender
from kernel import journal, storage
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.mail import Attachment, MailMessage, queue_copy
from kernel.pdf import render
from tenants.slice import Mail
from web.mailtexts import Addressee, queue_rendered

PURPOSE: Final = "stop_notice"
PDF: Final = "application/pdf"


def send_stop_notice(db: Session, actor: Actor, hold_id: UUID) -> UUID:
    """Writes the notice of a stop in force and queues its mail; returns the customer's id.

    Raises NotFound(`stop_not_found`), Conflict(`stop_lifted_before`, `stop_notice_sent`), RuleBroken
    (`stop_notice_contact`).
    """
    row = _stop(db, actor, hold_id)
    actor = lock_customers(db, actor, [row.customer_id])
    row = _stop(db, actor, hold_id)
    if row.lifted_at is not None or (row.until_on is not None and row.until_on < actor.today):
        raise Conflict("stop_lifted_before")
    if row.notice_number is not None:
        raise Conflict("stop_notice_sent", number=row.notice_number)
    contact = find_contact(db, actor.tenant_id, row.customer_id, "dunning")
    if contact is None:
        raise RuleBroken("stop_notice_contact")
    year = actor.today.year
    number = document_number("SN", year, take_numbers(db, actor.tenant_id, f"stop_notice:{year}")[0])
    issuer = sender(db, actor.tenant_id)
    with use_language(row.language):
        paper = _paper(actor, row, number, issuer)
        letter = render("notice", paper)
        name = f"{_('Notice of suspended deliveries')}-{number}.pdf"
    sha256 = storage.store(db, actor, letter.pdf, PDF)
    mail_id = queue_rendered(
        db,
        actor,
        PURPOSE,
        Addressee(contact.email, contact.name, row.language),
        {"name": contact.name, "paragraphs": paper["paragraphs"], "number": number, "sender": issuer.name},
        from_name=issuer.name,
        reply_to=issuer.contact_email or None,
        attachments=(Attachment(name, sha256),),
        subject_id=hold_id,
        customer_id=row.customer_id,
    )
    hold = ShippingHold
    db.execute(
        sa.update(hold)
        .where(hold.tenant_id == actor.tenant_id, hold.id == hold_id)
        .values(notice_number=number, notice_sha256=sha256, notice_mail_id=mail_id)
    )
    facts = {"number": number, "to": contact.email, "pdf_sha256": sha256}
    journal.record(db, actor, "stop_notice_queued", customer_id=row.customer_id, subject_id=hold_id, data=facts)
    return UUID(str(row.customer_id))


def recheck_notice(db: Session, actor: Actor, message: MailMessage) -> str | None:
    """Checks before sending that the stop is still in force and its recipient can be written to."""
    hold = ShippingHold
    row = db.execute(
        sa.select(hold.lifted_at, hold.until_on).where(hold.tenant_id == actor.tenant_id, hold.id == message.subject_id)
    ).first()
    if row is None or row.lifted_at is not None or (row.until_on is not None and row.until_on < actor.today):
        return "stop_lifted"
    if not is_reachable(db, actor.tenant_id, message.customer_id, message.to_address):
        return "contact_suppressed"
    return None


def stored_notice(db: Session, tenant_id: UUID, hold_id: UUID) -> tuple[str, storage.Stored]:
    """Returns number and PDF of the notice as it went out. Raises NotFound(`stop_not_found`)."""
    hold = ShippingHold
    row = db.execute(
        sa.select(hold.notice_number, hold.notice_sha256).where(hold.tenant_id == tenant_id, hold.id == hold_id)
    ).first()
    if row is None or row.notice_sha256 is None:
        raise NotFound("stop_not_found")
    return row.notice_number, storage.load(db, tenant_id, row.notice_sha256)


def _stop(db: Session, actor: Actor, hold_id: UUID) -> Any:
    hold, customer = ShippingHold, Customer
    row = db.execute(
        sa.select(
            hold.customer_id,
            hold.reason,
            hold.until_on,
            hold.placed_at,
            hold.lifted_at,
            hold.notice_number,
            customer.name,
            customer.number,
            customer.language,
        )
        .join(customer, sa.and_(customer.tenant_id == actor.tenant_id, customer.id == hold.customer_id))
        .where(hold.tenant_id == actor.tenant_id, hold.id == hold_id)
    ).first()
    if row is None:
        raise NotFound("stop_not_found")
    return row


def _paper(actor: Actor, row: Any, number: str, issuer: Sender) -> dict[str, Any]:
    since = local_date(row.placed_at, actor.timezone).isoformat()
    contact = "　".join(part for part in (issuer.contact_name, issuer.phone, issuer.contact_email) if part)
    return {
        "language": row.language,
        "number": number,
        "date": actor.today.isoformat(),
        "footer": "",
        "issuer": {"name": issuer.name, "lines": [each for each in (issuer.address, contact) if each]},
        "customer": {"name": row.name, "lines": [_("Customer %(number)s", number=row.number)]},
        "facts": [[_("Number"), number], [_("Date"), actor.today.isoformat()]],
        "salutation": _("Dear Sir or Madam,"),
        "paragraphs": [
            _(
                "Since %(day)s we have suspended deliveries to you. The reason is: %(reason)s",
                day=since,
                reason=row.reason,
            ),
            _(
                "We do so under Articles 527 and 528 of the Civil Code of the People's Republic of China and give you "
                "notice of it without delay."
            ),
            _(
                "We will resume deliveries as soon as what is due is paid, or you give suitable security. Please "
                "tell us what you intend to do and by when."
            ),
        ],
        "sign_off": [issuer.name, actor.today.isoformat()],
        "labels": {
            "title": _("Notice of suspended deliveries"),
            "page": _("Page {page} of {pages}"),
            "issuer": _("From"),
            "customer": _("To"),
            "seal": _("Our seal"),
        },
    }


MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=recheck_notice,
        timeline_name=mark("Notice of suspended deliveries"),
        name=mark("Notice of suspended deliveries"),
        send_again=queue_copy,
    ),
)
