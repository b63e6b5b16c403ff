"""Says what the file of a customer must hold before it gets credit, and what of it is missing on a day.

Source: R020, R022 to R025, R030, A11. Pure: documents in, gaps out. Invariants: a document counts only once somebody
has verified it, and through its last day; a newer one that waits for verification leaves the older one in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: What stands where a legal form is not one of the known ones: the strictest of them.
FALLBACK_FORM: Final = "company"
#: Documents that still count; the rejected and the replaced ones are history.
COUNTING_STATES: Final = frozenset({"uploaded", "verified", "archived"})
VERIFIED_STATES: Final = frozenset({"verified", "archived"})
#: What stands in a gap for the tax or register number, which is no document.
TAX_ID: Final = "tax_id"


class DocumentKind(StrEnum):
    """A kind of document in the file (R022); stored with every document and never changed."""

    LICENCE = "licence"
    TAX_REGISTRATION = "tax_registration"
    REPRESENTATIVE_ID = "representative_id"
    VAT_PAYER = "vat_payer"
    OPERATOR_ID = "operator_id"
    INSTITUTION_CERTIFICATE = "institution_certificate"
    REGISTER_EXTRACT = "register_extract"
    TAX_CONFIRMATION = "tax_confirmation"
    OTHER = "other"


class Fault(StrEnum):
    """What is wrong with one part of the file."""

    MISSING = "missing"
    UNVERIFIED = "unverified"
    EXPIRED = "expired"
    LAPSING = "lapsing"


#: Faults that close the gate: no limit above zero (R025). A lapsing document is still good.
CLOSING: Final = frozenset({Fault.MISSING, Fault.UNVERIFIED, Fault.EXPIRED})


class YearDay(BaseModel):
    """A day of every year; 29 February is the 28th in other years."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]

    @model_validator(mode="after")
    def _is_a_day(self) -> YearDay:
        try:
            date(2024, self.month, self.day)
        except ValueError:
            raise ValueError("file_year_day") from None
        return self

    def in_year(self, year: int) -> date:
        """Returns the day in a year."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return date(year, self.month, 28)


class Renewal(BaseModel):
    """A window in which a document is collected anew each year (R024).

    What was received from `counts_from` on counts for the year; the task opens on `opens` and is due on `due`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts_from: YearDay
    opens: YearDay
    due: YearDay

    @model_validator(mode="after")
    def _in_order(self) -> Renewal:
        if not self.counts_from.in_year(2024) <= self.opens.in_year(2024) <= self.due.in_year(2024):
            raise ValueError("file_window_order")
        return self


class Requirement(BaseModel):
    """What is asked of one kind of document.

    `required`: the gate stays closed without it. `expires`: its last day, or that it has none, is asked for.
    `in_unified_code`: not asked of a customer whose number is a unified social credit code, which carries it (A11).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DocumentKind
    required: bool = True
    expires: bool = False
    renewal: Renewal | None = None
    in_unified_code: bool = False


#: The licence with its annual inspection, today the annual report: January to April, collected in May and June (R024).
ANNUAL_REPORT: Final = Renewal(
    counts_from=YearDay(month=1, day=1), opens=YearDay(month=5, day=1), due=YearDay(month=6, day=30)
)
_LICENCE = Requirement(kind=DocumentKind.LICENCE, expires=True, renewal=ANNUAL_REPORT)
_TAX = Requirement(kind=DocumentKind.TAX_REGISTRATION, in_unified_code=True)
_PRESETS: Final[dict[str, tuple[Requirement, ...]]] = {
    "company": (
        _LICENCE,
        _TAX,
        Requirement(kind=DocumentKind.REPRESENTATIVE_ID, expires=True),
        Requirement(kind=DocumentKind.VAT_PAYER),
    ),
    "sole_trader": (
        _LICENCE,
        _TAX,
        Requirement(kind=DocumentKind.OPERATOR_ID, expires=True),
        Requirement(kind=DocumentKind.VAT_PAYER, required=False),
    ),
    "person": (Requirement(kind=DocumentKind.OPERATOR_ID, expires=True),),
    "government": (Requirement(kind=DocumentKind.INSTITUTION_CERTIFICATE, expires=True),),
    "institution": (Requirement(kind=DocumentKind.INSTITUTION_CERTIFICATE, expires=True),),
    "foreign_company": (
        Requirement(kind=DocumentKind.REGISTER_EXTRACT),
        Requirement(kind=DocumentKind.REPRESENTATIVE_ID, expires=True),
        Requirement(kind=DocumentKind.TAX_CONFIRMATION, required=False, expires=True),
    ),
}


class FilePolicy(BaseModel):
    """What each legal form owes the file; every field has the shipped preset.

    `lapse_notice_days`: how long before its last day a document is asked for anew. `check_tax_id`: a number that its
    check character contradicts keeps the gate closed until a named person held it against the register.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requirements: dict[str, tuple[Requirement, ...]] = _PRESETS
    lapse_notice_days: Annotated[int, Field(ge=0, le=366)] = 30
    check_tax_id: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> FilePolicy:
        if set(self.requirements) != set(_PRESETS):
            raise ValueError("file_forms")
        for asked in self.requirements.values():
            if len({each.kind for each in asked}) != len(asked):
                raise ValueError("file_kind_twice")
        return self

    def requirements_of(self, entity_type: str) -> Sequence[Requirement]:
        """Returns what a legal form owes; one that is not known owes what a company does."""
        return self.requirements.get(entity_type, self.requirements[FALLBACK_FORM])


DEFAULT_FILE_POLICY: Final = FilePolicy()


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document of the file. `received_on`: the company's local day of its upload; `expires_on`: None has no end."""

    kind: str
    state: str
    received_on: date
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class CustomerFileFacts:
    """A customer's file. `unified_code`: the number is a valid unified social credit code.

    `tax_id_doubtful`: the number contradicts itself, and nobody has held it against the register since it was entered.
    """

    entity_type: str
    unified_code: bool = False
    tax_id_doubtful: bool = False
    documents: Sequence[DocumentFacts] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """What is wrong with one kind of document, or with the number (`TAX_ID`).

    `due_on`: the day by which it is asked for; for what has lapsed the last day on which it was good; else None.
    """

    kind: str
    fault: Fault
    due_on: date | None = None

    @property
    def code(self) -> str:
        """The gap as it is stored with a decision: `missing:licence`."""
        return f"{self.fault.value}:{self.kind}"

    @property
    def closes(self) -> bool:
        """Whether it keeps the gate closed."""
        return self.fault in CLOSING


def find_gaps(customer: CustomerFileFacts, policy: FilePolicy, today: date) -> list[Gap]:
    """Returns what is wrong with the file on `today`, the company's local date, in the order of the policy."""
    gaps = []
    if policy.check_tax_id and customer.tax_id_doubtful:
        gaps.append(Gap(TAX_ID, Fault.UNVERIFIED))
    for asked in policy.requirements_of(customer.entity_type):
        if not asked.required or (asked.in_unified_code and customer.unified_code):
            continue
        own = [each for each in customer.documents if each.kind == asked.kind and each.state in COUNTING_STATES]
        gap = _gap_of(asked, own, policy, today)
        if gap is not None:
            gaps.append(gap)
    return gaps


def gap_codes(gaps: Iterable[Gap]) -> list[str]:
    """Returns the codes of the gaps that keep the gate closed."""
    return [gap.code for gap in gaps if gap.closes]


def good_through(asked: Requirement, document: DocumentFacts) -> date | None:
    """Returns the last day on which a verified document is good; None: it has no end."""
    ends = [document.expires_on] if document.expires_on else []
    if asked.renewal is not None:
        received = document.received_on
        renewed = received >= asked.renewal.counts_from.in_year(received.year)
        ends.append(asked.renewal.due.in_year(received.year + 1 if renewed else received.year))
    return min(ends, default=None)


def _gap_of(asked: Requirement, own: Sequence[DocumentFacts], policy: FilePolicy, today: date) -> Gap | None:
    waiting = any(each.state == "uploaded" for each in own)
    ends = [good_through(asked, each) for each in own if each.state in VERIFIED_STATES]
    if not ends:
        return Gap(asked.kind, Fault.UNVERIFIED if waiting else Fault.MISSING)
    last = None if None in ends else max(end for end in ends if end is not None)
    if last is None:
        return None
    if last < today:
        return Gap(asked.kind, Fault.UNVERIFIED if waiting else Fault.EXPIRED, last)
    if not waiting and today >= _asked_from(asked, policy, last):
        return Gap(asked.kind, Fault.LAPSING, last)
    return None


def _asked_from(asked: Requirement, policy: FilePolicy, last: date) -> date:
    """Returns the day from which a document that is good through `last` is asked for anew."""
    if asked.renewal is not None and last == asked.renewal.due.in_year(last.year):
        return asked.renewal.opens.in_year(last.year)
    return last - timedelta(days=policy.lapse_notice_days)
