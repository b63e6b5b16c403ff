"""Defines the signature under a review of limits: the general manager's alone (R070).

Invariant: signing carries the review out in the same transaction, or is refused; a rejection opens it again.
"""

from __future__ import annotations

from typing import Any, Final

from ar.credit.reviews.signing import SIGN, reopen_review, sign_review
from ar.credit.reviews.texts import DECISION_NAMES
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.approvals.kinds import Approved, ChainStep, Kind
from tenants.permissions import Role
from web.links import page_url


def _url(approved: Approved) -> str:
    return page_url("reviews.show", campaign_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Review"), str(facts["number"])),
        (_("Figures of"), str(facts["review_on"])),
        *((_(name), str(facts[code])) for code, (name, _tone) in DECISION_NAMES.items()),
    ]


APPROVALS: Final = (
    Kind(
        code=SIGN,
        name=mark("Sign the review of credit limits"),
        chain=(ChainStep(Role.GENERAL_MANAGER.value),),
        approve=sign_review,
        reject=reopen_review,
        url=_url,
        facts=_facts,
    ),
)
