"""Defines the inputs of an import, its parsed rows, and the report of its findings.

Invariant: a finding is a code with parameters, worded in the reader's language when shown; the control totals are what
a person compares with the source; every text of a report can be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import Field

from ar.customers.inputs import CustomerRow
from ar.imports.columns import FileKind
from ar.sales.rules.amounts import line_amount_minor
from kernel.inputs import CommandInput
from kernel.sheets import DateOrder
from kernel.sheets.mapping import ColumnMapping
from kernel.texts import OneLine, one_line

#: Errors stored with a report; a file with more is wrong as a whole.
MAX_ERRORS_KEPT = 10_000
MAX_WARNINGS_KEPT = 1_000
#: Rows named where many findings are said as one.
ROWS_NAMED = 5
#: Characters of a cell quoted in a finding.
MAX_QUOTED_CHARS = 200


class UploadFile(CommandInput):
    """Uploads a file, with the choices of its form."""

    kind: FileKind
    date_order: DateOrder | None = None


class ApplyImport(CommandInput):
    """Applies a checked import; the user confirms its control totals."""

    totals_confirmed: bool = Field(default=False)


class MappedSource(CommandInput):
    """The source whose files are to be read by the same mapping from now on: fingerprint of its headers, a name."""

    fingerprint: str
    name: OneLine = Field(default="", max_length=100)
    remember: bool = False


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to check or apply. Control characters are removed from its name."""

    kind: FileKind
    name: str
    content: bytes
    mapping: ColumnMapping = field(default_factory=ColumnMapping)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name))


class Finding(NamedTuple):
    """One error or warning: row as seen in the file (0: the whole file), canonical column, code and parameters."""

    row: int
    column: str
    code: str
    params: dict[str, Any]


class ParsedCustomer(NamedTuple):
    """A row of a customers file; `owner` is the salesperson's name where no address was given."""

    row: int
    customer: CustomerRow
    owner: str = ""


class ParsedItem(NamedTuple):
    """A row of an open-items file; `due_on` None: by the customer's terms; `owner`: a new customer's salesperson."""

    row: int
    customer_no: str
    customer_name: str
    document_no: str
    kind: str
    document_on: date
    due_on: date | None
    currency: str
    amount_minor: int
    owner: str = ""


class ParsedReceipt(NamedTuple):
    """A row of a receipts file; `applies`: (document, minor units or None for as much as is open)."""

    row: int
    customer_no: str
    receipt_no: str
    received_on: date
    currency: str
    amount_minor: int
    applies: tuple[tuple[str, int | None], ...]


class ParsedLimit(NamedTuple):
    """A row of a limits file. `amount_minor` None: the cell is empty, there is no limit; or `unlimited`."""

    row: int
    customer_no: str
    currency: str
    amount_minor: int | None
    unlimited: bool
    term_days: int | None
    valid_from: date
    valid_to: date | None
    grade: str | None
    reason: str

    @property
    def kind(self) -> str:
        """Returns the word under which its amounts are added up."""
        return "limit"


class ParsedOrderLine(NamedTuple):
    """A row of an orders file: one line of an order. Prices are major units of `currency`, with tax."""

    row: int
    order_no: str
    customer_no: str
    ordered_on: date
    currency: str
    term_days: int | None
    line_no: int
    product: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    tax_rate_bps: int | None

    @property
    def kind(self) -> str:
        """Returns the word under which its amounts are added up."""
        return "order"

    @property
    def amount_minor(self) -> int:
        """Returns quantity times price, with tax."""
        return line_amount_minor(self.quantity, self.unit_price, self.currency)


class ParsedDeliveryLine(NamedTuple):
    """A row of a deliveries file: a quantity of one order line on a delivery note that left."""

    row: int
    delivery_no: str
    order_no: str
    shipped_on: date
    mode: str
    line_no: int
    quantity: Decimal


class ParsedSignOff(NamedTuple):
    """A row of a sign-offs file: a delivery note that the customer signed whole."""

    row: int
    delivery_no: str
    signed_on: date
    signed_by: str


class ParsedRows(NamedTuple):
    """The rows of a file: `good` complete; `half` with None in place of each bad cell, for further checks.

    `sums`: the file's own lines of totals as (row, cells).
    """

    good: list[Any]
    half: list[Any]
    sums: Sequence[tuple[int, list[str]]] = ()


class Group(NamedTuple):
    """All findings of one code at one column as one: how many, the first rows, and the parameters of the first."""

    column: str
    code: str
    findings: int
    rows: list[int]
    params: dict[str, Any]


class ControlTotal(NamedTuple):
    """Rows and sum of one kind of document in one currency, as written in the file."""

    kind: str
    currency: str
    rows: int
    amount_minor: int


class PostedTotal(NamedTuple):
    """Documents that would be posted against one account in one currency: how many, and their sum, credits negative."""

    account: str
    currency: str
    rows: int
    amount_minor: int


@dataclass(slots=True)
class Report:
    """The findings and counts of an import. `created` and `updated` are 0 when there are errors: nothing is applied."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    totals: list[ControlTotal] = field(default_factory=list)
    posted: list[PostedTotal] = field(default_factory=list)
    customers_created: int = 0
    errors: list[Finding] = field(default_factory=list)
    errors_total: int = 0
    warnings: list[Finding] = field(default_factory=list)
    warnings_total: int = 0
    warning_groups: list[Group] = field(default_factory=list)
    passed_over: list[Group] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    origin: str = ""

    def add_error(self, row: int, column: str, code: str, **params: Any) -> None:
        """Adds an error; beyond MAX_ERRORS_KEPT it is only counted."""
        self.errors_total += 1
        if len(self.errors) < MAX_ERRORS_KEPT:
            self.errors.append(_finding(row, column, code, params))

    def add_warning(self, row: int, column: str, code: str, **params: Any) -> None:
        """Adds a warning; beyond MAX_WARNINGS_KEPT it is only counted."""
        self.warnings_total += 1
        found = _finding(row, column, code, params)
        if len(self.warnings) < MAX_WARNINGS_KEPT:
            self.warnings.append(found)
        _add_to_group(self.warning_groups, found)

    def pass_over(self, row: int, reason: str, **params: Any) -> None:
        """Counts a row that is no data, with its reason."""
        self.skipped += 1
        _add_to_group(self.passed_over, _finding(row, "", reason, params))

    def found(self, code: str) -> str:
        """Returns what the first error of a code found, an empty text when there is none."""
        return next((str(error.params.get("found", "")) for error in self.errors if error.code == code), "")

    def all_found(self, code: str) -> list[str]:
        """Returns the different things that errors of a code found, in the order of the rows."""
        return list(dict.fromkeys(str(error.params.get("found", "")) for error in self.errors if error.code == code))

    def warnings_of(self, code: str) -> list[Finding]:
        """Returns the kept warnings of a code."""
        return [warning for warning in self.warnings if warning.code == code]

    def sort(self, place: Callable[[str], int]) -> None:
        """Sorts the findings by row, then by `place` of the column."""
        for findings in (self.errors, self.warnings):
            findings.sort(key=lambda finding: (finding.row, place(finding.column)))

    @property
    def brings_openings(self) -> bool:
        """Tells that all documents to post stand against opening balances."""
        return bool(self.posted) and all(total.account == "opening_balance" for total in self.posted)

    def currency_totals(self) -> list[tuple[str, int]]:
        """Returns (currency, minor units) over all kinds of document."""
        sums: dict[str, int] = {}
        for total in self.totals:
            sums[total.currency] = sums.get(total.currency, 0) + total.amount_minor
        return sorted(sums.items())

    def to_json(self) -> dict[str, Any]:
        """Returns the report as stored with the job."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "totals": [total._asdict() for total in self.totals],
            "posted": [total._asdict() for total in self.posted],
            "customers_created": self.customers_created,
            "errors": [list(finding) for finding in self.errors],
            "errors_total": self.errors_total,
            "warnings": [list(finding) for finding in self.warnings],
            "warnings_total": self.warnings_total,
            "warning_groups": [list(group) for group in self.warning_groups],
            "passed_over": [list(group) for group in self.passed_over],
            "columns": self.columns,
            "ignored": self.ignored,
            "origin": self.origin,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """Returns a stored report; an empty one when the job has none yet."""
        plain = {name: value for name, value in data.items() if name not in _LISTS}
        return cls(
            **plain,
            totals=[ControlTotal(**total) for total in data.get("totals", ())],
            posted=[PostedTotal(**total) for total in data.get("posted", ())],
            errors=[Finding(*finding) for finding in data.get("errors", ())],
            warnings=[Finding(*finding) for finding in data.get("warnings", ())],
            warning_groups=[Group(*group) for group in data.get("warning_groups", ())],
            passed_over=[Group(*group) for group in data.get("passed_over", ())],
        )


_LISTS = ("totals", "posted", "errors", "warnings", "warning_groups", "passed_over")


def _add_to_group(groups: list[Group], found: Finding) -> None:
    """Adds a finding to the group of its code and column; there are a handful of groups."""
    for at, group in enumerate(groups):
        if (group.column, group.code) == (found.column, found.code):
            rows = [*group.rows, found.row] if len(group.rows) < ROWS_NAMED else group.rows
            groups[at] = group._replace(findings=group.findings + 1, rows=rows)
            return
    groups.append(Group(found.column, found.code, 1, [found.row], found.params))


def _finding(row: int, column: str, code: str, params: dict[str, Any]) -> Finding:
    """Returns a finding with its quotations shortened to one line, so that it can be stored and shown."""
    shown = {name: _quoted(value) if isinstance(value, str) else value for name, value in params.items()}
    return Finding(row, _quoted(column), code, shown)


def _quoted(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= MAX_QUOTED_CHARS else line[:MAX_QUOTED_CHARS] + "…"
