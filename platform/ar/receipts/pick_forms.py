"""What the forms of this slice share: ticked rows with amounts, and a refusal at the field it is about.

May import Flask, web, this slice's shapes and texts. Invariant: what was typed comes back as typed.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar
from uuid import UUID

from flask import request
from pydantic import BaseModel

from ar.ledger.messages import MESSAGES as LEDGER
from ar.receipts.messages import MESSAGES
from ar.receipts.picking import parts_of
from kernel.errors import HuikuanError
from kernel.i18n import gettext as _
from tenants.approvals.messages import MESSAGES as APPROVALS
from web import formatters
from web.forms import Form, read_form

M = TypeVar("M", bound=BaseModel)

AMOUNT: Final = "amount_"
_SENTENCES: Final = {**LEDGER, **APPROVALS, **MESSAGES}
#: Code of a refusal → the form's field.
FIELDS: Final[dict[str, str]] = {
    "receipt_customer_unknown": "customer_no",
    "receipt_in_future": "received_on",
    "period_locked": "received_on",
    "document_too_far_ahead": "received_on",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "currency_unknown": "currency",
    "receipt_account_unknown": "bank_account_id",
    "receipt_account_currency": "bank_account_id",
    "refund_too_much": "amount",
}


def read_picked(model: type[M]) -> Form[M]:
    """The form with its ticked rows as `parts`; rows that cannot be ids are left out."""
    picked = [part for part in posted_parts() if _is_id(part["item_id"])]
    return read_form(model, extra={"parts": picked})


def posted_parts() -> list[dict[str, str]]:
    """The ticked rows of the request and those with an amount."""
    amounts = {name.removeprefix(AMOUNT): text for name, text in request.form.items() if name.startswith(AMOUNT)}
    return parts_of(request.form.getlist("selected"), amounts)


def typed_rows() -> dict[UUID, str]:
    """The same by id, for showing them again."""
    return {UUID(part["item_id"]): part["amount"] for part in posted_parts() if _is_id(part["item_id"])}


def put_error(form: Form[Any], error: HuikuanError, fields: dict[str, str] | None = None) -> None:
    """The command's refusal at its field. Raises it again when it has no sentence here."""
    form.errors[(fields or FIELDS).get(error.code, "")] = sentence(error)


def sentence(error: HuikuanError) -> str:
    """The refusal in words, with what is open where the refusal knows it."""
    text = _SENTENCES.get(error.code)
    if text is None:
        raise error
    said = _(text, **error.params) if error.params else _(text)
    if "open_minor" in error.params and error.params.get("currency"):
        most = formatters.amount(int(str(error.params["open_minor"])), str(error.params["currency"]))
        said = _("%(sentence)s At most %(amount)s.", sentence=said, amount=most)
    return said


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
