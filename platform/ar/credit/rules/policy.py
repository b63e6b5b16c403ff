"""The company's credit policy as data: weights, caps, tolerances, who approves which excess, and which checks are on.

Source: R044, R045, R062, R067, R072, R105, R342, A01, A04, A07, A09, A10, A14, A18. Invariant: valid and immutable.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ar.credit.rules.scoring import EQUAL_WEIGHTS, ITEMS, WEIGHT_MAX, Grade
from ar.credit.rules.signals import SignalPolicy


class CheckCode(StrEnum):
    """A check that an order passes or is held by; stored with every decision and never changed."""

    LIMIT = "limit"
    GROUP_LIMIT = "group_limit"
    NO_LIMIT = "no_limit"
    NO_RATE = "no_rate"
    TERM = "term"
    NO_TERM = "no_term"
    LONG_TERM = "long_term"
    PROOF = "proof"
    CLEARED_FUNDS = "cleared_funds"
    HOLD = "hold"
    BLACKLIST = "blacklist"
    STATEMENT = "statement"
    FILE = "file"
    CONTRACT = "contract"
    PRICE = "price"
    QUANTITY = "quantity"
    STATE = "state"


class Size(StrEnum):
    """How large a customer's business is; with the grade its class (R342)."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"


class ClassRule(BaseModel):
    """What a class of customers gets that differs from its grade, in days and basis points; None: as the grade."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: Grade
    size: Size
    cap_days: Annotated[int, Field(ge=0, le=366)] | None = None
    factor_bps: Annotated[int, Field(ge=0, le=100_000)] | None = None


#: How many days before its end a contract is on the list of those that end, unless the company says otherwise (R098).
CONTRACT_NOTICE_DAYS: Final = 30
#: Every class, in the order of the policy's form.
CLASSES: Final = tuple((grade, size) for grade in Grade for size in Size)

#: Checks that a company may switch off; a screen that skips one says so. The others are what the product is for.
OPTIONAL_CHECKS: Final = frozenset({CheckCode.STATEMENT, CheckCode.FILE, CheckCode.CONTRACT})


class CreditPolicy(BaseModel):
    """The credit policy of a company; every field has the shipped default.

    `cap_days`: the longest term by grade (A04), or whole calendar months of 30 days where `cap_in_months`. Rates are
    basis points; `bank_bills_count`: bank acceptances add to exposure. `unconfirmed_days`: how long after its sending a
    statement may stay unanswered (R126). `contract_notice_days`: how long before its end a contract is listed and
    mailed (R098). `over_limit_*_bps`: up to which excess who approves (A18). `signals`: when danger signals fire.
    `classes`: what some customers get by grade and size, no class twice (R342).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: tuple[Annotated[int, Field(ge=0, le=WEIGHT_MAX)], ...] = EQUAL_WEIGHTS
    literal_raw: bool = False
    cap_days: dict[Grade, Annotated[int, Field(ge=0, le=366)]] = {Grade.A: 60, Grade.B: 30, Grade.C: 0, Grade.D: 0}
    cap_in_months: bool = False
    factor_bps: dict[Grade, Annotated[int, Field(ge=0, le=100_000)]] = {
        Grade.A: 10_000,
        Grade.B: 8_000,
        Grade.C: 0,
        Grade.D: 0,
    }
    classes: tuple[ClassRule, ...] = ()
    term_tolerance_days: Annotated[int, Field(ge=0, le=365)] = 0
    bank_bills_count: bool = False
    limit_months: Annotated[int, Field(ge=1, le=60)] = 6
    unconfirmed_days: Annotated[int, Field(ge=1, le=366)] = 30
    large_order_days: Annotated[int, Field(ge=1, le=366)] = 30
    contract_notice_days: Annotated[int, Field(ge=1, le=366)] = CONTRACT_NOTICE_DAYS
    over_limit_manager_bps: Annotated[int, Field(ge=0)] = 1_000
    over_limit_director_bps: Annotated[int, Field(ge=0)] = 3_000
    long_use_bps: Annotated[int, Field(ge=1, le=10_000)] = 8_000
    long_use_days: Annotated[int, Field(ge=1, le=180)] = 90
    checks_off: frozenset[CheckCode] = frozenset()
    signals: SignalPolicy = SignalPolicy()

    @model_validator(mode="after")
    def _is_whole(self) -> CreditPolicy:
        if len(self.weights) != len(ITEMS) or not any(self.weights):
            raise ValueError("score_weights")
        if set(self.cap_days) != set(Grade) or set(self.factor_bps) != set(Grade):
            raise ValueError("policy_grades")
        if len({(each.grade, each.size) for each in self.classes}) != len(self.classes):
            raise ValueError("policy_classes")
        if self.over_limit_manager_bps > self.over_limit_director_bps:
            raise ValueError("policy_thresholds")
        if not self.checks_off <= OPTIONAL_CHECKS:
            raise ValueError("policy_checks")
        return self

    def longest_term_days(self, grade: Grade, size: Size | None) -> int:
        """Returns the longest term in days of a class; that of the grade where the class says nothing."""
        own = self._class_rule(grade, size)
        return self.cap_days[grade] if own is None or own.cap_days is None else own.cap_days

    def suggestion_factor_bps(self, grade: Grade, size: Size | None) -> int:
        """Returns the factor of the suggested limit of a class, in basis points; that of the grade likewise."""
        own = self._class_rule(grade, size)
        return self.factor_bps[grade] if own is None or own.factor_bps is None else own.factor_bps

    def _class_rule(self, grade: Grade, size: Size | None) -> ClassRule | None:
        return next((each for each in self.classes if (each.grade, each.size) == (grade, size)), None)


DEFAULT_POLICY: Final = CreditPolicy()
