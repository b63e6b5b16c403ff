"""Input of the credit policy: percentages as typed, everything else as the policy has it.

Invariant: shape is checked here; what the parts say together is checked by `ar.credit.rules.policy.CreditPolicy`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from ar.credit.rules.policy import CLASSES, CONTRACT_NOTICE_DAYS, CreditPolicy, Size
from ar.credit.rules.scoring import ITEMS, WEIGHT_MAX, Grade
from ar.credit.rules.signals import COMPUTED, Marks, SignalCode
from kernel.field_types import Number
from kernel.i18n import mark
from kernel.inputs import EditInput, blank_as_none, wrong_entries

PERCENT_MAX: Final = 1_000


def _is_percent(value: Decimal) -> Decimal:
    scaled = value * 100
    if scaled != int(scaled) or not 0 <= scaled <= PERCENT_MAX * 100:
        raise ValueError(mark("A percentage is from 0 to 1,000, with at most two decimals."))
    return value


Percent = Annotated[Number, AfterValidator(_is_percent)]
CapDays = Annotated[int, Field(ge=0, le=366)]
ClassCap = Annotated[CapDays | None, BeforeValidator(blank_as_none)]
ClassFactor = Annotated[Percent | None, BeforeValidator(blank_as_none)]
#: A figure at which a signal fires or falls silent: days, counts, or of a large order per cent of an average month.
Mark = Annotated[int, Field(ge=1, le=10_000)]


class SetCreditPolicy(EditInput):
    """A version of the credit policy; fields as in `CreditPolicy`, shares and factors in per cent.

    `class_caps`, `class_factors`: by class in the order of `CLASSES`, None: as its grade; empty: no class has its own.
    `fires_at`, `rearms_below`: by computed signal in the order of `COMPUTED`; empty: as they are shipped. A large order
    fires above its figure, the others at it.
    """

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
    contract_notice_days: int = Field(default=CONTRACT_NOTICE_DAYS, ge=1, le=366)
    manager_percent: Percent
    director_percent: Percent
    long_use_percent: Percent
    long_use_days: int = Field(ge=1, le=180)
    checks_off: list[Literal["statement", "file", "contract"]] = Field(default_factory=list)
    class_caps: list[ClassCap] = Field(default_factory=list)
    class_factors: list[ClassFactor] = Field(default_factory=list)
    fires_at: list[Mark] = Field(default_factory=list)
    rearms_below: list[Mark] = Field(default_factory=list)
    cut_percent: Percent = Decimal(50)

    @field_validator("weights")
    @classmethod
    def _has_weight(cls, value: list[int]) -> list[int]:
        if len(value) != len(ITEMS) or not any(value):
            raise ValueError(mark("Give twelve weights from 0 to 1000, not all of them 0."))
        return value

    @field_validator("class_caps", "class_factors")
    @classmethod
    def _has_classes(cls, value: list[Any]) -> list[Any]:
        if value and len(value) != len(CLASSES):
            raise ValueError(mark("Give a figure for each class, or leave it empty."))
        return value

    @field_validator("fires_at")
    @classmethod
    def _has_marks(cls, value: list[int]) -> list[int]:
        if value and len(value) != len(COMPUTED):
            raise ValueError(mark("Give a figure for each signal."))
        return value

    @field_validator("rearms_below")
    @classmethod
    def _is_not_above(cls, value: list[int], info: ValidationInfo) -> list[int]:
        fires_at = info.data.get("fires_at", value)
        if len(value) != len(fires_at):
            raise ValueError(mark("Give a figure for each signal."))
        pairs = enumerate(zip(value, fires_at, strict=True))
        if wrong := [entry for entry, (below, at) in pairs if below > at]:
            raise wrong_entries(mark("A signal cannot fall silent above the figure at which it is raised."), wrong)
        return value

    @field_validator("cut_percent")
    @classmethod
    def _is_part(cls, value: Decimal) -> Decimal:
        if value > 100:
            raise ValueError(mark("Enter a share from 0 to 100 per cent."))
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
            "contract_notice_days": self.contract_notice_days,
            "over_limit_manager_bps": _bps(self.manager_percent),
            "over_limit_director_bps": _bps(self.director_percent),
            "long_use_bps": _bps(self.long_use_percent),
            "long_use_days": self.long_use_days,
            "checks_off": frozenset(self.checks_off),
            "classes": self._classes(),
            "signals": {**self._marks(), "cut_bps": _bps(self.cut_percent)},
        }

    def _classes(self) -> list[dict[str, Any]]:
        """Returns the classes that have a cap or a factor of their own."""
        caps = self.class_caps or [None] * len(CLASSES)
        factors = self.class_factors or [None] * len(CLASSES)
        return [
            {"grade": grade, "size": size, "cap_days": cap, "factor_bps": None if factor is None else _bps(factor)}
            for (grade, size), cap, factor in zip(CLASSES, caps, factors, strict=True)
            if cap is not None or factor is not None
        ]

    def _marks(self) -> dict[str, Any]:
        """Returns the marks of the signals; nothing where none were given: those that are shipped."""
        if not self.fires_at:
            return {}
        pairs = zip(COMPUTED, self.fires_at, self.rearms_below, strict=True)
        return {"marks": {code: _stored_marks(code, fires, rearms) for code, fires, rearms in pairs}}


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
        "contract_notice_days": str(policy.contract_notice_days),
        "manager_percent": _percent(policy.over_limit_manager_bps),
        "director_percent": _percent(policy.over_limit_director_bps),
        "long_use_percent": _percent(policy.long_use_bps),
        "long_use_days": str(policy.long_use_days),
        "checks_off": sorted(policy.checks_off),
        "class_caps": [_own_cap(policy, each) for each in CLASSES],
        "class_factors": [_own_factor(policy, each) for each in CLASSES],
        "fires_at": [str(_typed_marks(code, policy.signals.marks[code])[0]) for code in COMPUTED],
        "rearms_below": [str(_typed_marks(code, policy.signals.marks[code])[1]) for code in COMPUTED],
        "cut_percent": _percent(policy.signals.cut_bps),
    }


def _own_cap(policy: CreditPolicy, of: tuple[Grade, Size]) -> str:
    found = next((each.cap_days for each in policy.classes if (each.grade, each.size) == of), None)
    return "" if found is None else str(found)


def _own_factor(policy: CreditPolicy, of: tuple[Grade, Size]) -> str:
    found = next((each.factor_bps for each in policy.classes if (each.grade, each.size) == of), None)
    return "" if found is None else _percent(found)


def _stored_marks(code: SignalCode, fires_at: int, rearms_below: int) -> Marks:
    """Returns marks in their unit; a large order is measured in basis points of a month, and fires above its figure."""
    if code == SignalCode.LARGE_ORDER:
        return Marks(fires_at=fires_at * 100 + 1, rearms_below=rearms_below * 100)
    return Marks(fires_at=fires_at, rearms_below=rearms_below)


def _typed_marks(code: SignalCode, marks: Marks) -> tuple[int, int]:
    """Returns marks as they are typed, the opposite of `_stored_marks`."""
    if code == SignalCode.LARGE_ORDER:
        return (marks.fires_at - 1) // 100, marks.rearms_below // 100
    return marks.fires_at, marks.rearms_below


def _bps(percent: Decimal) -> int:
    return int(percent * 100)


def _percent(bps: int) -> str:
    text = format(Decimal(bps).scaleb(-2), "f")
    return text.rstrip("0").rstrip(".")
