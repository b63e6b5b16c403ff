"""Error codes to sentences, gathered from the slices.

Invariant: every code raised anywhere has a sentence here (a guard test looks).
"""

from __future__ import annotations

from importlib import import_module

from kernel.errors import HuikuanError
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import amounts_of

SLICES = (
    "tenants",
    "tenants.approvals",
    "ar.customers",
    "ar.ledger",
    "ar.bills",
    "ar.interest",
    "ar.losses",
    "ar.receipts",
    "ar.statements",
    "ar.cases",
    "ar.portal",
    "ar.imports",
    "ar.reports",
)

OWN = {
    "not_permitted": mark("Your role does not allow this."),
    "company_not_found": mark("There is no such company, or you do not belong to it."),
    "tenant_not_found": mark("There is no such company."),
    "person_not_found": mark("There is no such person in this company."),
    "slug_taken": mark("The short name “%(slug)s” is taken. Choose another."),
    "not_yourself": mark("You cannot remove yourself. Ask another administrator."),
    "refused_at_commit": mark("The books refused this change, so nothing was changed. Load the page again."),
    "blob_not_found": mark("That file is not here."),
    "mail_not_found": mark("That mail is not here."),
    "idempotency_key_reused": mark("This form was sent before with other values. Load the page and try again."),
}


def _gather() -> dict[str, str]:
    gathered = dict(OWN)
    for name in SLICES:
        try:
            module = import_module(f"{name}.messages")
        except ModuleNotFoundError:
            continue
        gathered.update(module.MESSAGES)
    return gathered


MESSAGES = _gather()


def sentence_of(error: HuikuanError) -> str | None:
    """Returns the sentence of an error in the current language; None when nobody wrote one.

    A parameter `x_minor` beside a `currency` also fills `%(x)s`, as an amount.
    """
    text = MESSAGES.get(error.code)
    if text is None:
        return None
    params = {**amounts_of(error.params, current_language()), **error.params}
    try:
        return _(text, **params) if params else _(text)
    except KeyError:
        return _(text)


def message_of(error: HuikuanError) -> str:
    """Returns the sentence of an error in the current language; the code itself when nobody wrote one."""
    return sentence_of(error) or error.code
