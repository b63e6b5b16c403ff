"""Prints the statement's PDF, and gives the texts that it shares with pages and mails, in the debtor's language.

Invariant: a statement confirms a balance and demands nothing (no "pay by"), states principal only unless interest is
stated beside it, and reserves what it does not state; the PDF holds no secret: the portal link is in the mail only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ar.ledger.messages import KIND_NAMES
from ar.statements.rules.figures import UNAPPLIED, StatementFigureLine, StatementFigures
from kernel import pdf
from kernel.amount_in_words import amount_in_words
from kernel.i18n import gettext as _
from kernel.i18n import mark, use_language
from kernel.money import format_minor, format_with_symbol, split_figure, symbol

BUCKET_NAMES: Final[dict[str, str]] = {
    "not_due": mark("Not due"),
    "1-30": mark("1–30 days"),
    "31-60": mark("31–60 days"),
    "61-90": mark("61–90 days"),
    ">90": mark("Over 90 days"),
    UNAPPLIED: mark("Unapplied"),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """The company as it is printed on its statements."""

    name: str
    address: str
    phone: str
    contact_name: str
    contact_email: str
    bank_name: str = ""
    bank_account: str = ""

    @property
    def contact_line(self) -> str:
        """Returns name, phone and e-mail of the contact, as far as known."""
        return "　".join(part for part in (self.contact_name, self.phone, self.contact_email) if part)


@dataclass(frozen=True, slots=True)
class Debtor:
    """The customer as it is printed in the address field."""

    number: str
    name: str
    attention: str
    language: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The identifying facts of one statement."""

    number: str
    issued_on: date
    period_from: date
    period_to: date
    currency: str
    respond_by_on: date


def print_statement(heading: Heading, sender: Sender, debtor: Debtor, figures: StatementFigures) -> pdf.Rendered:
    """Renders the PDF in the debtor's language; characters that our fonts lack are printed as 〓 and reported."""
    with use_language(debtor.language):
        return pdf.render("statement", _paper(heading, sender, debtor, figures))


def file_name(number: str) -> str:
    """Returns the PDF's file name: the statement's number."""
    return f"{number}.pdf"


def kind_name(kind: str) -> str:
    """Returns the name of a kind of document in the current language."""
    return _(KIND_NAMES[kind]) if kind in KIND_NAMES else kind


def bucket_name(bucket: str) -> str:
    """Returns the name of an aging bucket in the current language."""
    return _(BUCKET_NAMES[bucket]) if bucket in BUCKET_NAMES else bucket


def closing_label(closing_minor: int, period_to: date) -> str:
    """Returns the label of the closing balance: owed to us, or in the customer's favour."""
    text = _("Balance owed at %(day)s") if closing_minor >= 0 else _("Balance in your favour at %(day)s")
    return text % {"day": period_to.isoformat()}


def purpose_sentence() -> str:
    """Returns the purpose of the statement: what a balance confirmation says (domain §1.9)."""
    return _(
        "The figures below are taken from our books. Please compare them with yours and tell us whether they agree. "
        "If something was paid after this date, please answer all the same."
    )


def interest_label(period_to: date) -> str:
    """Returns the label of the stated interest, which is not part of the balance."""
    return _("Late interest through %(day)s, not part of the balance", day=period_to.isoformat())


def reserve_sentence(interest_minor: int | None = None) -> str:
    """Returns the reservation of interest: all of it, or what accrues after the day stated (art. 18, domain §1.2)."""
    if interest_minor is not None:
        return _("Late interest is stated beside the principal. What accrues after the day named stays reserved.")
    return _("This statement shows principal only. Interest agreed in the contract stays reserved and is not waived.")


def page_texts(closing_minor: int, period_to: date, interest_minor: int | None) -> dict[str, Any]:
    """Returns the texts around the figures on the debtor's page, in the current language."""
    return {
        "closing_label": closing_label(closing_minor, period_to),
        "purpose": purpose_sentence(),
        "interest_label": interest_label(period_to),
        "reserve": reserve_sentence(interest_minor),
        "kind_name": kind_name,
    }


def _paper(heading: Heading, sender: Sender, debtor: Debtor, figures: StatementFigures) -> dict[str, Any]:
    language, currency = debtor.language, heading.currency

    def money(minor: int) -> str:
        return format_minor(minor, currency, language)

    whole, fraction = split_figure(figures.closing_minor, currency, language)
    return {
        "language": language,
        "number": heading.number,
        "date": heading.issued_on.isoformat(),
        "footer": "",
        "issuer": {"name": sender.name, "lines": [sender.address, sender.contact_line]},
        "customer": {"name": debtor.name, "lines": _address_lines(debtor)},
        "facts": _facts(heading),
        "intro": purpose_sentence(),
        "opening": money(figures.opening_minor),
        "lines": [_row(line, money) for line in figures.movements],
        "open": [_open_row(line, heading.period_to, money) for line in figures.open_items],
        "total": {
            "debit": money(figures.debits_minor),
            "credit": money(figures.credits_minor),
            "balance": money(figures.closing_minor),
        },
        "closing": {"symbol": symbol(currency, language), "whole": whole, "fraction": fraction},
        "words": amount_in_words(figures.closing_minor, currency, language),
        "overdue": money(figures.overdue_minor) if figures.overdue_minor else "",
        "interest": _interest(heading, figures, language),
        "aging": {
            "heads": [bucket_name(bucket) for bucket, _minor in figures.aging],
            "amounts": [money(minor) for _bucket, minor in figures.aging],
        },
        "online": None,
        "reserve": reserve_sentence(figures.interest_minor),
        "contact": _("Questions: %(contact)s", contact=sender.contact_line) if sender.contact_line else "",
        "bank": _bank(sender),
        "reply": _reply(heading, sender),
        "labels": _labels(heading, figures),
    }


def _interest(heading: Heading, figures: StatementFigures, language: str) -> list[str]:
    """Returns the stated interest as label and amount; empty where none is stated."""
    if figures.interest_minor is None:
        return []
    amount = format_with_symbol(figures.interest_minor, heading.currency, language)
    return [interest_label(heading.period_to), amount]


def _address_lines(debtor: Debtor) -> list[str]:
    lines = [_("Customer %(number)s", number=debtor.number)]
    return [*lines, _("Attention: %(name)s", name=debtor.attention)] if debtor.attention else lines


def _facts(heading: Heading) -> list[list[str]]:
    period = _("%(first)s to %(last)s", first=heading.period_from.isoformat(), last=heading.period_to.isoformat())
    return [
        [_("Number"), heading.number],
        [_("Issued on"), heading.issued_on.isoformat()],
        [_("Period"), period],
        [_("Currency"), heading.currency],
    ]


def _row(line: StatementFigureLine, money: Any) -> dict[str, str]:
    return {
        "date": line.on.isoformat(),
        "document": line.document_no,
        "kind": kind_name(line.kind),
        "due": line.due_on.isoformat() if line.due_on else "",
        "debit": money(line.debit_minor) if line.debit_minor else "",
        "credit": money(line.credit_minor) if line.credit_minor else "",
        "balance": money(line.balance_minor),
    }


def _open_row(line: StatementFigureLine, period_to: date, money: Any) -> dict[str, str]:
    """Returns an open item as of the end of the period; a credit is negative and never overdue."""
    late = (period_to - line.due_on).days if line.due_on else 0
    return {
        "document": line.document_no,
        "kind": kind_name(line.kind),
        "date": line.on.isoformat(),
        "due": line.due_on.isoformat() if line.due_on else "",
        "days": str(late) if late > 0 else "",
        "open": money(line.debit_minor - line.credit_minor),
    }


def _bank(sender: Sender) -> list[list[str]]:
    """Returns the sender's bank account as a fact beside the contact: a statement asks for no payment."""
    if not sender.bank_account:
        return []
    pairs = [(_("Account holder"), sender.name), (_("Bank"), sender.bank_name), (_("Account"), sender.bank_account)]
    return [[label, value] for label, value in pairs if value]


def _reply(heading: Heading, sender: Sender) -> dict[str, Any]:
    return {
        "number": heading.number,
        "intro": _(
            "Answer by the link in our e-mail, or tick one, sign, seal and send back this slip or a scan of it."
        ),
        "agree": _("The figures agree with our books."),
        "differs": _("The figures differ; our balance and the differences are:"),
        "fields": [_("Your name"), _("Title"), _("Date"), _("Phone")],
        "return_to": _(
            "Please answer by %(day)s to %(name)s.", day=heading.respond_by_on.isoformat(), name=sender.name
        ),
    }


def _labels(heading: Heading, figures: StatementFigures) -> dict[str, str]:
    return {
        "title": _("Statement of account"),
        # Typst fills the braces itself.
        "page": _("Page {page} of {pages}"),
        "issuer": _("From"),
        "customer": _("To"),
        "lines": _("Movements"),
        "date": _("Date"),
        "document": _("Document"),
        "kind": _("Kind"),
        "due": _("Due"),
        "debit": _("Debit"),
        "credit": _("Credit"),
        "balance": _("Balance"),
        "opening": _("Opening balance on %(day)s", day=heading.period_from.isoformat()),
        "total": _("Total"),
        "closing": closing_label(figures.closing_minor, heading.period_to),
        "words": _("In words"),
        "overdue": _("Of which overdue"),
        "aging": _("Aging by due date"),
        "open_items": _("Open items at %(day)s", day=heading.period_to.isoformat()),
        "days": _("Days overdue"),
        "open": _("Open"),
        "bank": _("Our bank account"),
        "online": _("Answer online"),
        "reply": _("Reply slip"),
        "seal": _("Seal of your company"),
        "issuer_seal": _("Our seal"),
    }
