"""Inputs of the commands on late interest: one Pydantic model per command.

Invariant: shape is checked here, business rules in the commands.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from ar.interest.rules.presets import BGB_BASE, BOE, ECB, LPR, OENB_BASE, SME_DAILY, lpr_factor, margin
from kernel.field_types import Currency
from kernel.field_types import Number as Percent
from kernel.i18n import mark
from kernel.inputs import CommandInput, EditInput, Key, OptionalDay, blank_as_none

#: `statute`: the law of a country, named beside it.
KINDS: Final = ("contract", "lpr", "sme_daily", "statute", "eu", "uk", "none", "standard")
COUNTRIES: Final = ("de", "fr", "be", "nl", "at", "es", "it", "ie")


def _places(value: Decimal, places: int, least: Decimal, most: Decimal) -> Decimal:
    if value.as_tuple().exponent < -places:  # type: ignore[operator]  # finite: checked when it was read
        raise ValueError(mark("That has too many decimals."))
    if not least <= value <= most:
        raise ValueError(mark("That rate is implausible. Check the decimal point."))
    return value


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class PostInterest(CommandInput):
    """Post a preview, identified by its `fingerprint`: of the `customers` chosen, or of `everyone`.

    Everyone is each customer whom nothing speaks against: no hold, and no less than the smallest document. `include`:
    held documents to charge all the same; `leave_out`, `leave_out_customers`: what is not charged.
    `due_days` None: due by each customer's payment terms. `minimum`: the smallest document as typed, in each currency
    (empty: that of the terms). `without_missing`: also without the debts whose rate is not known.
    """

    through_on: date
    document_on: date
    due_days: Annotated[Annotated[int, Field(ge=0, le=365)] | None, BeforeValidator(blank_as_none)] = None
    minimum: Annotated[str, StringConstraints(max_length=40)] = ""
    customer_no: Annotated[str, StringConstraints(max_length=80)] = ""
    currency: Currency | None = None
    everyone: bool = False
    customers: list[UUID] = Field(default=[], max_length=10_000)
    include: list[UUID] = Field(default=[], max_length=10_000)
    leave_out: list[UUID] = Field(default=[], max_length=10_000)
    leave_out_customers: list[UUID] = Field(default=[], max_length=10_000)
    without_missing: bool = False
    fingerprint: str = Field(min_length=64, max_length=64)
    key: Key


class WaiveInterest(CommandInput):
    """Waive `amount` (as typed, in the charge's currency) of a charge on `effective_on` (None: today)."""

    amount: str = Field(min_length=1, max_length=40)
    reason: Reason
    effective_on: date | None = None
    key: Key


class ReverseInterest(CommandInput):
    """Reverse a charge or reinstate a waiver on `effective_on` (None: today), with a reason for the record."""

    reason: Reason
    effective_on: date | None = None


class CorrectInterest(CommandInput):
    """Post the chosen `lines` (ids of charged lines) of what was shown, identified by its `fingerprint`."""

    customer_no: Annotated[str, StringConstraints(max_length=80)] = ""
    currency: Currency | None = None
    lines: list[UUID] = Field(default=[], max_length=10_000)
    document_on: date
    reason: Reason
    fingerprint: str = Field(min_length=64, max_length=64)
    key: Key


class SetTerms(EditInput):
    """Record interest terms in force from `from_on`. The rate fields needed follow from `kind`.

    `country`: whose statute applies, for the kind `statute`. `annual_percent` per year, `daily_percent` per day;
    `minimum`: smallest charge of a debt, `document_minimum`: smallest document of interest, as typed, in `currency`.
    """

    kind: Literal["contract", "lpr", "sme_daily", "statute", "eu", "uk", "none", "standard"]
    country: Annotated[Literal["", "de", "fr", "be", "nl", "at", "es", "it", "ie"], Field(validate_default=True)] = ""
    from_on: date
    currency: Currency | None = None
    annual_percent: Percent | None = None
    daily_percent: Annotated[Percent | None, Field(validate_default=True)] = None
    factor: Annotated[Percent | None, Field(validate_default=True)] = None
    margin_percent: Annotated[Percent | None, Field(validate_default=True)] = None
    basis: Literal["360", "365"] = "365"
    grace_days: int = Field(default=0, ge=0, le=365)
    fixed_sum: bool = False
    minimum: Annotated[str, StringConstraints(max_length=40)] = ""
    document_minimum: Annotated[str, StringConstraints(max_length=40)] = ""
    note: Note = ""

    @property
    def scheme(self) -> str:
        """Returns the kind as it is stored: a country for its statute."""
        return self.country if self.kind == "statute" else self.kind

    @field_validator("country")
    @classmethod
    def _country(cls, value: str, info: Any) -> str:
        if info.data.get("kind") == "statute" and not value:
            raise ValueError(mark("Choose the country whose law applies."))
        return value

    @field_validator("annual_percent")
    @classmethod
    def _year(cls, value: Decimal | None, info: Any) -> Decimal | None:
        if info.data.get("kind") != "contract" or value is None:
            return None
        return _places(value, 4, Decimal("0.0001"), Decimal(100))

    @field_validator("daily_percent")
    @classmethod
    def _day(cls, value: Decimal | None, info: Any) -> Decimal | None:
        if info.data.get("kind") != "contract":
            return None
        if (value is None) == (info.data.get("annual_percent") is None) and "annual_percent" in info.data:
            raise ValueError(mark("A contract has a yearly rate or a daily rate: enter one of them."))
        return value if value is None else _places(value, 6, Decimal("0.000001"), Decimal(1))

    @field_validator("factor")
    @classmethod
    def _times(cls, value: Decimal | None, info: Any) -> Decimal | None:
        if info.data.get("kind") != "lpr":
            return None
        return _places(value if value is not None else lpr_factor(), 4, Decimal(1), Decimal(4))

    @field_validator("margin_percent")
    @classmethod
    def _points(cls, value: Decimal | None, info: Any) -> Decimal | None:
        kind = info.data.get("kind")
        if kind not in ("eu", "uk"):
            return None
        return _places(value if value is not None else margin(kind), 4, Decimal(0), Decimal(30))


class AddRate(CommandInput):
    """Record a published rate with its source; a correction of one is a further row of the same day.

    `through_on`: the last day for which the source tells that it held (None: until the next may be published).
    """

    series: Literal["lpr_1y", "sme_daily", "ecb_reference", "boe_reference", "bgb_base", "oenb_base"]
    from_on: date
    through_on: OptionalDay = None
    percent: Percent
    source: Reason

    @field_validator("percent")
    @classmethod
    def _within(cls, value: Decimal) -> Decimal:
        return _places(value, 4, Decimal(-10), Decimal(100))


SERIES_ORDER: Final = (LPR, SME_DAILY, ECB, BGB_BASE, BOE, OENB_BASE)
