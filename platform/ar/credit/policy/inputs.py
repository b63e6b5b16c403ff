"""Input of the credit policy: percentages as typed, everything else as the policy has it.

Invariant: shape is checked here; what the parts say together is checked by `ar.credit.rules.policy.CreditPolicy`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, field_validator

from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.scoring import ITEMS, WEIGHT_MAX, Grade
from kernel.field_types import Number
from kernel.i18n import mark
from kernel.inputs import EditInput

PERCENT_MAX: Final = 1_000


def _is_percent(value: Decimal) -> Decimal:
    scaled = value * 100
    if scaled != int(scaled) or not 0 <= scaled <= PERCENT_MAX * 100:
        raise ValueError(mark("A percentage is from 0 to 1,000, with at most two decimals."))
    return value


Percent = Annotated[Number, AfterValidator(_is_percent)]
CapDays = Annotated[int, Field(ge=0, le=366)]


class SetCreditPolicy(EditInput):
    """A version of the credit policy; fields as in `CreditPolicy`, shares and factors in per cent."""

    weights: list[Annotated[int, Field(ge=0, le=WEIGHT_MAX)]]
    literal_raw: bool = False
    cap_a: CapDays
    cap_b: CapDays
    cap_c: CapDays
    cap_d: CapDays
    cap_in_months: bool = False
    factor_a: Percent
    factor_b: Percent
    factor_c: Percent
    factor_d: Percent
    term_tolerance_days: int = Field(ge=0, le=365)
    bank_bills_count: bool = False
    limit_months: int = Field(ge=1, le=60)
    unconfirmed_days: int = Field(ge=1, le=366)
    large_order_days: int = Field(ge=1, le=366)
    manager_percent: Percent
    director_percent: Percent
    long_use_percent: Percent
    long_use_days: int = Field(ge=1, le=180)
    checks_off: list[Literal["statement", "file", "contract"]] = Field(default_factory=list)

    @field_validator("weights")
    @classmethod
    def _has_weight(cls, value: list[int]) -> list[int]:
        if len(value) != len(ITEMS) or not any(value):
            raise ValueError(mark("Give twelve weights from 0 to 1000, not all of them 0."))
        return value

    @field_validator("long_use_percent")
    @classmethod
    def _is_share(cls, value: Decimal) -> Decimal:
        if not 0 < value <= 100:
            raise ValueError(mark("Enter a share above 0 and up to 100 per cent."))
        return value

    def values(self) -> dict[str, Any]:
        """Returns the fields of `CreditPolicy`."""
        return {
            "weights": self.weights,
            "literal_raw": self.literal_raw,
            "cap_days": {grade: getattr(self, f"cap_{grade.lower()}") for grade in Grade},
            "cap_in_months": self.cap_in_months,
            "factor_bps": {grade: _bps(getattr(self, f"factor_{grade.lower()}")) for grade in Grade},
            "term_tolerance_days": self.term_tolerance_days,
            "bank_bills_count": self.bank_bills_count,
            "limit_months": self.limit_months,
            "unconfirmed_days": self.unconfirmed_days,
            "large_order_days": self.large_order_days,
            "over_limit_manager_bps": _bps(self.manager_percent),
            "over_limit_director_bps": _bps(self.director_percent),
            "long_use_bps": _bps(self.long_use_percent),
            "long_use_days": self.long_use_days,
            "checks_off": frozenset(self.checks_off),
        }


def form_values(policy: CreditPolicy) -> dict[str, Any]:
    """Returns a policy as its form shows it, field → value."""
    return {
        "weights": [str(weight) for weight in policy.weights],
        "literal_raw": "1" if policy.literal_raw else "",
        **{f"cap_{grade.lower()}": str(policy.cap_days[grade]) for grade in Grade},
        "cap_in_months": "1" if policy.cap_in_months else "",
        **{f"factor_{grade.lower()}": _percent(policy.factor_bps[grade]) for grade in Grade},
        "term_tolerance_days": str(policy.term_tolerance_days),
        "bank_bills_count": "1" if policy.bank_bills_count else "",
        "limit_months": str(policy.limit_months),
        "unconfirmed_days": str(policy.unconfirmed_days),
        "large_order_days": str(policy.large_order_days),
        "manager_percent": _percent(policy.over_limit_manager_bps),
        "director_percent": _percent(policy.over_limit_director_bps),
        "long_use_percent": _percent(policy.long_use_bps),
        "long_use_days": str(policy.long_use_days),
        "checks_off": sorted(policy.checks_off),
    }


def _bps(percent: Decimal) -> int:
    return int(percent * 100)


def _percent(bps: int) -> str:
    text = format(Decimal(bps).scaleb(-2), "f")
    return text.rstrip("0").rstrip(".")
