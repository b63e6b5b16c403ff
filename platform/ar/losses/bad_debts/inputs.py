"""Inputs of the commands on losses: one model each, for form, command line and any other edge.

Imports Pydantic, kernel and this slice's pure modules. Invariant: shape is checked here, the books in commands.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from ar.losses.messages import MESSAGES
from ar.losses.rules.provision import BPS, Bucket, Policy, problem
from kernel.field_types import Currency, Number, read_decimal
from kernel.i18n import mark
from kernel.inputs import CommandInput, Key

CAUSES: Final = ("bankrupt", "closed", "deceased", "court", "fled", "barred", "disputed_lost", "uneconomic", "other")
OPTIONS: Final = ("rebate", "goods_back", "collateral", "legal_help", "preservation", "payment_plan", "agency", "none")

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


def _bps(value: Decimal) -> int:
    """Per cent as typed in basis points. Raises ValueError beyond two decimals or beyond 0 to 100."""
    scaled = value * 100
    if scaled != int(scaled):
        raise ValueError(mark("At most two decimals."))
    if not 0 <= scaled <= BPS:
        raise ValueError(mark("A rate is from 0 to 100 per cent."))
    return int(scaled)


class SetPolicy(CommandInput):
    """A new version of the provision policy. `through` and `rate`: one row per bucket, the last without an end.

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
        fault = problem(_buckets(through, value))
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
            raise ValueError(mark("A factor other than 1 needs its reason in writing."))
        return value

    def policy(self) -> Policy:
        """As the rules take it."""
        return Policy(
            self.method,
            _buckets(self.through, self.rate),
            _bps(self.lgd),
            self.months,
            _bps(self.fallback),
            int(self.factor * BPS),
            self.factor_reason,
        )


def _buckets(through: list[str], rate: list[str]) -> tuple[Bucket, ...]:
    """The rows that were filled in; the last one's end may be left empty."""
    rows = [(one.strip(), other.strip()) for one, other in zip(through, rate, strict=True)]
    found = []
    for end, percent in rows:
        if not end and not percent:
            continue
        if end and not (end.isascii() and end.isdigit() and len(end) <= 5):
            raise ValueError(mark("Write a whole number."))
        if not percent:
            raise ValueError(mark("Each bucket needs its rate."))
        number = read_decimal(percent)
        found.append(Bucket(int(end) if end else None, _bps(Decimal(str(number)))))
    return tuple(found)


class AssessItem(CommandInput):
    """Judge a document by itself: its expected loss in per cent; left empty: back to the buckets."""

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
    """Post what was previewed for a day; `fingerprint` is the preview's."""

    as_of: date
    fingerprint: str = Field(min_length=64, max_length=64)
    key: Key


class UnapplyAllocation(CommandInput):
    """Take a run, a write-off or a recovery back, with its reason. `effective_on` None: as early as may be."""

    reason: Reason
    effective_on: date | None = None


class Part(CommandInput):
    """So much of an open document; an empty amount takes all that is open."""

    item_id: UUID
    amount: Annotated[str, StringConstraints(max_length=40)] = ""


class ProposeBadDebt(CommandInput):
    """Propose debts of a customer for writing off (R233), with what was tried before (R236)."""

    parts: list[Part] = Field(max_length=500)
    cause: Literal["bankrupt", "closed", "deceased", "court", "fled", "barred", "disputed_lost", "uneconomic", "other"]
    options: list[
        Literal["rebate", "goods_back", "collateral", "legal_help", "preservation", "payment_plan", "agency", "none"]
    ] = Field(default=[], max_length=8)
    reason: Reason
    key: Key


class Withdraw(CommandInput):
    """Take a proposal back before it is decided."""

    reason: Reason


class RecoverMoney(CommandInput):
    """Money that arrived for written-off debts: booked as a receipt and as a recovery."""

    amount: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    currency: Currency
    received_on: date
    account: Literal["bank", "cash"] = "bank"
    note: Note = ""
    key: Key


class RecoverCredit(CommandInput):
    """An unapplied credit of the customer that is for written-off debts."""

    from_credit: UUID
    amount: Annotated[str, StringConstraints(max_length=40)] = ""
    note: Note = ""
    key: Key


class AddEvent(CommandInput):
    """What happened with a written-off debt. A promise names its day, and perhaps an amount."""

    kind: Literal["note", "contact", "promise"]
    text: Reason
    happened_on: date | None = None
    promised_on: date | None = None
    promised_currency: Currency | None = None
    promised: Annotated[str, StringConstraints(max_length=40)] = ""
    key: Key
