"""Words a decision for the pages, in the current language, and keeps its reasons as JSON.

Invariant: a reason is stored by code and parameters, never as a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ar.credit.checks.messages import (
    CHECK_NAMES,
    LONGER_THAN_APPROVED,
    OVER_CONTRACT,
    REASON_SENTENCES,
    REMEDIES,
    TERM_SINCE_APPROVED,
)
from ar.credit.rules.decision import APPROVABLE, Decision, Reason
from ar.credit.rules.policy import CheckCode
from ar.customers.lookups import gap_sentences
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import amounts_of


@dataclass(frozen=True, slots=True)
class ReasonText:
    """One reason in words. `remedy`: what can be done. `by`: number of the approval that waives it, else empty."""

    code: str
    text: str
    remedy: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class DecisionText:
    """A decision in words, for `components/decision.html`.

    `off`: names of the checks that the policy leaves out. `may_request`: an over-limit request can be filed for it.
    """

    passes: bool
    reasons: Sequence[ReasonText]
    waived: Sequence[ReasonText]
    off: Sequence[str]
    may_request: bool


def reason_sentence(reason: Reason) -> str:
    """Returns why the order is held, in the current language."""
    params = {**reason.params, **amounts_of(reason.params, current_language())}
    if "currencies" in params:
        params["currencies"] = ", ".join(params["currencies"])
    params.setdefault("line_no", "?")
    if reason.code is CheckCode.FILE:
        params["gaps"] = "; ".join(gap_sentences(params["gaps"]))
    if reason.code is CheckCode.QUANTITY and "contract" in params:
        return _(OVER_CONTRACT, **params)
    sentence = _(REASON_SENTENCES[reason.code], **params)
    if "approval" not in params:
        return sentence
    more = TERM_SINCE_APPROVED if params["approved_days"] is None else LONGER_THAN_APPROVED
    return _("%(sentence)s %(more)s", sentence=sentence, more=_(more, **params))


def reason_sentences(reasons: Iterable[Reason]) -> list[str]:
    """Returns the sentences of reasons, in the current language and their order."""
    return [reason_sentence(reason) for reason in reasons]


def decision_text(decision: Decision) -> DecisionText:
    """Returns a decision in words, in the current language."""
    return DecisionText(
        passes=decision.passes,
        reasons=[_text(reason) for reason in decision.reasons],
        waived=[_text(reason, by) for reason, by in decision.waived],
        off=[_(CHECK_NAMES[code]) for code in decision.off],
        may_request=any(reason.code in APPROVABLE for reason in decision.reasons),
    )


def reasons_json(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    """Returns reasons as they are stored and as the command line prints them: `[{"code", "params"}]`."""
    return [{"code": reason.code.value, "params": reason.params} for reason in reasons]


def reasons_of(stored: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """Returns stored reasons."""
    return [Reason(CheckCode(each["code"]), dict(each["params"])) for each in stored]


def _text(reason: Reason, by: str = "") -> ReasonText:
    return ReasonText(reason.code.value, reason_sentence(reason), _(REMEDIES[reason.code]), by)
