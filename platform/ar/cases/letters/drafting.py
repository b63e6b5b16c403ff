"""Drafts a dunning letter: addressee, items as of now, the PDF and the covering mail in the debtor's language.

Invariants: figures are loaded when the letter is made and again before it is sent; a PDF that goes out is stored by its
hash; a preview stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.policy_versions import PolicyBook, policy_book
from ar.cases.ladder.step_texts import LetterTexts, closing_paragraph, letter_texts, step_name
from ar.cases.letters.lines import Letter, LetterLine, letter_lines
from ar.cases.models import Action
from ar.cases.rules.policy import Effect
from ar.customers.lookups import find_contact
from ar.customers.models import Customer
from kernel import pdf
from kernel.actor import Actor
from kernel.amount_in_words import amount_in_words
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.mail import Attachment, OutgoingMail
from kernel.money import format_minor, format_with_symbol, split_figure, symbol
from tenants.queries import CompanyFacts, company
from web.mailtexts import render_mail

PURPOSE: Final = "dunning"


@dataclass(frozen=True, slots=True)
class LetterAddressee:
    """The contact a letter goes to."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True)
class LetterDraft:
    """A letter with the figures as of now; `lines` are all its items, `chased` those that it claims.

    `book` holds the policies, loaded once per letter.
    """

    action_id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    language: str
    currency: str
    code: str
    effects: tuple[str, ...]
    number: str | None
    deadline_on: date | None
    today: date
    sender: CompanyFacts
    addressee: LetterAddressee | None
    lines: tuple[LetterLine, ...]
    book: PolicyBook = field(repr=False)

    @property
    def chased(self) -> tuple[LetterLine, ...]:
        """Returns the items without a reason not to chase them."""
        return tuple(line for line in self.lines if line.reason is None)

    @property
    def claimed(self) -> tuple[LetterLine, ...]:
        """Returns one line for each item that the letter claims, at its highest level."""
        by_item = {line.item_id: line for line in sorted(self.chased, key=lambda line: line.level)}
        return tuple(line for line in self.chased if by_item[line.item_id] is line)

    @property
    def owed_minor(self) -> int:
        """Returns what is open of the items that the letter claims, in minor units."""
        return sum(line.open_minor for line in self.claimed)

    @property
    def unapplied_minor(self) -> int:
        """Returns what of that the debtor's unapplied credit covers, in minor units."""
        return sum(line.covered_minor for line in self.claimed)

    @property
    def total_minor(self) -> int:
        """Returns the sum that the letter asks for, in minor units: what is owed less unapplied credit."""
        return self.owed_minor - self.unapplied_minor

    @property
    def asks_confirmation(self) -> bool:
        """Returns whether this letter goes with a statement to confirm (R174)."""
        return asks_confirmation(self.effects)


def asks_confirmation(effects: Iterable[str]) -> bool:
    """Returns whether a letter with exactly these effects goes with a statement to confirm (R174)."""
    return set(effects) == {Effect.REQUEST_CONFIRMATION.value}


def draft_letter(db: Session, actor: Actor, action_id: UUID, book: PolicyBook | None = None) -> LetterDraft:
    """Returns the letter as of now, in seven statements, one less with `book`.

    Raises NotFound(`action_not_found`).
    """
    row = db.execute(_select_letter(actor.tenant_id, action_id)).first()
    if row is None:
        raise NotFound("action_not_found")
    book = book or policy_book(db, actor.tenant_id)
    letter = Letter(action_id=action_id, customer_id=row.customer_id, currency=row.currency)
    return LetterDraft(
        action_id=action_id,
        customer_id=row.customer_id,
        customer_no=row.customer_no,
        customer_name=row.customer_name,
        language=row.language,
        currency=row.currency,
        code=row.code,
        effects=tuple(row.effects),
        number=row.number,
        deadline_on=row.deadline_on,
        today=actor.today,
        sender=company(db, actor.tenant_id),
        addressee=find_addressee(db, actor.tenant_id, row.customer_id),
        lines=letter_lines(db, actor.tenant_id, actor.today, [letter], book)[action_id],
        book=book,
    )


def _select_letter(tenant_id: UUID, action_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    action, customer = Action, Customer
    return (
        sa.select(
            action.customer_id,
            customer.number.label("customer_no"),
            customer.name.label("customer_name"),
            customer.language,
            action.currency,
            action.code,
            action.effects,
            action.number,
            action.deadline_on,
        )
        .join(customer, sa.and_(customer.tenant_id == action.tenant_id, customer.id == action.customer_id))
        .where(action.tenant_id == tenant_id, customer.tenant_id == tenant_id, action.id == action_id)
    )


def find_addressee(db: Session, tenant_id: UUID, customer_id: UUID) -> LetterAddressee | None:
    """Returns the reachable contact for reminders, else the first reachable one; None without one."""
    found = find_contact(db, tenant_id, customer_id, PURPOSE)
    return LetterAddressee(found.id, found.name, found.email) if found else None


def default_deadline(letter: LetterDraft) -> date | None:
    """Returns the last day to pay that a demand sets: the policy's days from today; None for others (R175, R176)."""
    if Effect.SET_DEADLINE.value not in letter.effects:
        return None
    book = letter.book
    days = [
        book.by_id[line.policy_version_id].deadline_days
        for line in letter.lines
        if Effect.SET_DEADLINE in book.steps[line.policy_version_id, line.code].effects
    ]
    return letter.today + timedelta(days=max(days, default=7))


def with_terms(letter: LetterDraft, *, number: str | None, deadline_on: date | None) -> LetterDraft:
    """Returns the draft under this number and with this deadline."""
    return replace(letter, number=number, deadline_on=deadline_on)


def print_letter(letter: LetterDraft) -> pdf.Rendered:
    """Renders the PDF in the debtor's language; deterministic for equal figures."""
    with use_language(letter.language):
        return pdf.render("letter", _paper(letter, letter_texts(letter.code)))


def file_name(letter: LetterDraft) -> str:
    """Returns the PDF's name: the letter's number."""
    return f"{letter.number or 'draft'}.pdf"


def write_mail(
    letter: LetterDraft, addressee: LetterAddressee, attachments: tuple[Attachment, ...], link: str = ""
) -> OutgoingMail:
    """Returns the covering mail; `link` is the portal link to the statement to confirm, empty without one."""
    with use_language(letter.language):
        words = letter_texts(letter.code)
        lines = [_mail_line(letter, line) for line in letter.claimed]
        deductions = _deductions(letter)
        total = format_with_symbol(letter.total_minor, letter.currency, letter.language)
        bank = _bank(letter.sender)
    texts = render_mail(
        PURPOSE,
        letter.language,
        sender=letter.sender.legal_name,
        contact=_contact_line(letter.sender),
        recipient=addressee.name,
        customer=letter.customer_name,
        number=letter.number or "",
        texts=words,
        lines=lines,
        deductions=deductions,
        total=total,
        words=amount_in_words(letter.total_minor, letter.currency, letter.language),
        deadline=letter.deadline_on.isoformat() if letter.deadline_on else "",
        bank=bank,
        link=link,
    )
    return OutgoingMail(
        to_address=addressee.email,
        to_name=addressee.name,
        subject=texts.subject,
        body_text=texts.text,
        body_html=texts.html,
        from_name=letter.sender.legal_name,
        reply_to=letter.sender.contact_email or None,
        attachments=attachments,
    )


def _mail_line(letter: LetterDraft, line: LetterLine) -> dict[str, str]:
    return {
        "document": line.document_no,
        "due": line.due_on.isoformat(),
        "days": str((letter.today - line.due_on).days),
        "amount": format_minor(line.open_minor, letter.currency, letter.language),
        "level": step_name(line.code),
    }


def _deductions(letter: LetterDraft) -> list[list[str]]:
    """Returns what leads from the open items to what is asked, as labels and amounts; empty where nothing does."""
    if not letter.unapplied_minor:
        return []
    pairs = [
        (_("Open items in total"), letter.owed_minor),
        (_("Less payments and credits in hand, not yet applied"), -letter.unapplied_minor),
    ]
    return [[label, format_minor(minor, letter.currency, letter.language)] for label, minor in pairs]


def _contact_line(sender: CompanyFacts) -> str:
    return "　".join(part for part in (sender.contact_name, sender.phone, sender.contact_email) if part)


def _bank(sender: CompanyFacts) -> list[list[str]]:
    if not sender.bank_account:
        return []
    pairs = [
        (_("Account holder"), sender.legal_name),
        (_("Bank"), sender.bank_name),
        (_("Account"), sender.bank_account),
    ]
    return [[label, value] for label, value in pairs if value]


def _paper(letter: LetterDraft, words: LetterTexts) -> dict[str, Any]:
    language, currency, total = letter.language, letter.currency, letter.total_minor
    whole, fraction = split_figure(total, currency, language)
    number = letter.number or _("Draft")
    attention = [_("Attention: %(name)s", name=letter.addressee.name)] if letter.addressee else []
    return {
        "language": language,
        "number": number,
        "date": letter.today.isoformat(),
        "footer": "",
        "issuer": {"name": letter.sender.legal_name, "lines": [letter.sender.address, _contact_line(letter.sender)]},
        "customer": {
            "name": letter.customer_name,
            "lines": [_("Customer %(number)s", number=letter.customer_no), *attention],
        },
        "facts": [[_("Number"), number], [_("Date"), letter.today.isoformat()], [_("Currency"), currency]],
        "subject": words.subject,
        "salutation": _("Dear Sir or Madam,"),
        "before": [words.before],
        "items": [_mail_line(letter, line) for line in letter.claimed],
        "total": format_minor(letter.owed_minor, currency, language),
        "deductions": _deductions(letter),
        "has_level": len({line.code for line in letter.claimed}) > 1,
        "closing": {"symbol": symbol(currency, language), "whole": whole, "fraction": fraction},
        "words": amount_in_words(total, currency, language),
        "deadline": _deadline(letter),
        "bank": _bank(letter.sender),
        "after": [text for text in (words.after, _questions_line(letter.sender), closing_paragraph()) if text],
        "sign_off": [letter.sender.legal_name, letter.today.isoformat()],
        "labels": _labels(words.title),
    }


def _questions_line(sender: CompanyFacts) -> str:
    contact = _contact_line(sender)
    return _("If you have questions, please contact: %(contact)s", contact=contact) if contact else ""


def _deadline(letter: LetterDraft) -> dict[str, str] | None:
    if letter.deadline_on is None:
        return None
    return {
        "text": _("Please make sure that the full amount reaches us no later than"),
        "on": letter.deadline_on.isoformat(),
    }


def _labels(title: str) -> dict[str, str]:
    return {
        "title": title,
        # Typst fills the braces itself.
        "page": _("Page {page} of {pages}"),
        "issuer": _("From"),
        "customer": _("To"),
        "items": _("Overdue items"),
        "document": _("Document"),
        "due": _("Due"),
        "days": _("Days overdue"),
        "amount": _("Open"),
        "level": _("Step"),
        "total": _("Total"),
        "closing": _("Total due"),
        "words": _("In words"),
        "bank": _("Please pay to"),
        "seal": _("Our seal"),
    }
