"""Defines the inputs of the provision commands. Invariant: shape is checked here, the books in the commands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from ar.losses.inputs import Note, Reason
from ar.losses.messages import MESSAGES
from ar.losses.rules.provision import BPS, Bucket, EstimationPolicy, bucket_problem
from kernel.field_types import Number, parse_decimal
from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput, Key


def _bps(value: Decimal) -> int:
    """Returns a percentage in basis points. Raises ValueError beyond two decimals or beyond 0 to 100."""
    scaled = value * 100
    if scaled != int(scaled):
        raise ValueError(mark("At most two decimals."))
    if not 0 <= scaled <= BPS:
        raise ValueError(mark("A rate must be between 0 and 100 per cent."))
    return int(scaled)


class SetPolicy(EditInput):
    """Records a new version of the provision policy. `through` and `rate`: one row per bucket, the last without an end.

    Rates, loss given default and the assumed roll in per cent; `factor` times every rate (1: unchanged).
    """

    method: Literal["matrix", "migration"]
    through: list[str] = Field(max_length=20)
    rate: list[str] = Field(max_length=20)
    lgd: Number = Decimal(100)
    months: int = Field(default=12, ge=1, le=36)
    fallback: Number = Decimal(100)
    factor: Number = Decimal(1)
    factor_reason: Annotated[Note, Field(validate_default=True)] = ""

    @field_validator("rate")
    @classmethod
    def _rows(cls, value: list[str], info: Any) -> list[str]:
        through = info.data.get("through", [])
        if len(value) != len(through):
            raise ValueError(MESSAGES["provision_buckets_few"])
        fault = bucket_problem(_buckets(through, value))
        if fault is not None:
            raise ValueError(MESSAGES[fault])
        return value

    @field_validator("lgd", "fallback")
    @classmethod
    def _share(cls, value: Decimal) -> Decimal:
        _bps(value)
        return value

    @field_validator("factor")
    @classmethod
    def _times(cls, value: Decimal) -> Decimal:
        scaled = value * BPS
        if scaled != int(scaled) or not 1 <= scaled <= 10 * BPS:
            raise ValueError(mark("A factor is above 0 and up to 10, with at most four decimals."))
        return value

    @field_validator("factor_reason")
    @classmethod
    def _reasoned(cls, value: str, info: Any) -> str:
        if not value and info.data.get("factor", Decimal(1)) != 1:
            raise ValueError(mark("A factor other than 1 requires a written reason."))
        return value

    def policy(self) -> EstimationPolicy:
        """Returns the policy as the rules take it."""
        return EstimationPolicy(
            self.method,
            _buckets(self.through, self.rate),
            _bps(self.lgd),
            self.months,
            _bps(self.fallback),
            int(self.factor * BPS),
            self.factor_reason,
        )


def _buckets(through: list[str], rate: list[str]) -> tuple[Bucket, ...]:
    """Returns the rows that were filled in; the end of the last may be empty."""
    rows = [(one.strip(), other.strip()) for one, other in zip(through, rate, strict=True)]
    found = []
    for end, percent in rows:
        if not end and not percent:
            continue
        if end and not (end.isascii() and end.isdigit() and len(end) <= 5):
            raise ValueError(mark("Enter a whole number."))
        if not percent:
            raise ValueError(mark("Each bucket needs a rate."))
        number = parse_decimal(percent)
        found.append(Bucket(int(end) if end else None, _bps(Decimal(str(number)))))
    return tuple(found)


class AssessItem(CommandInput):
    """Assesses a document individually by its expected loss in per cent; empty: returns it to the buckets."""

    document_no: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    loss: Number | None = None
    reason: Reason

    @field_validator("loss")
    @classmethod
    def _within(cls, value: Decimal | None) -> Decimal | None:
        if value is not None:
            _bps(value)
        return value

    @property
    def loss_bps(self) -> int | None:
        return None if self.loss is None else _bps(self.loss)


class PostProvision(CommandInput):
    """Posts the run previewed for a day; `fingerprint` is the preview's."""

    as_of: date
    fingerprint: str = Field(min_length=64, max_length=64)
    key: Key


def policy_values(policy: EstimationPolicy) -> dict[str, Any]:
    """Returns a policy as its form shows it, field → value."""

    def percent(bps: int) -> str:
        return format(Decimal(bps).scaleb(-2).normalize(), "f")

    return {
        "method": policy.method,
        "through": ["" if each.through_days is None else str(each.through_days) for each in policy.buckets],
        "rate": [percent(each.rate_bps) for each in policy.buckets],
        "lgd": percent(policy.lgd_bps),
        "months": str(policy.months),
        "fallback": percent(policy.fallback_bps),
        "factor": format(Decimal(policy.factor_bps).scaleb(-4).normalize(), "f"),
        "factor_reason": policy.factor_reason,
    }
