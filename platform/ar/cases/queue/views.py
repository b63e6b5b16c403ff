"""Views of the review queue, for its pages.

Invariant: amounts are minor units, dates are dates; sentences are made by `explain` in the reader's language.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, cast
from uuid import UUID

from ar.cases.ladder.explain import explain_step, reason_text
from ar.cases.ladder.step_texts import step_name
from ar.cases.letters.lines import LetterLine
from ar.cases.rules.policy import ADDRESSED_TO, DONE_BY
from ar.ledger.rules.instalments import document_label

#: A letter of many documents shows so many of them in the queue.
LINES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One item of an action, with its own level and the explanation of its step.

    `row`: a row of the items of actions. `now`: what a letter asks of it today; None where it is not asked anew. A page
    of the queue counts hundreds of items and shows some of them, so a line reads its row when it is asked.
    """

    row: Any
    today: date
    now: LetterLine | None

    @property
    def item_id(self) -> UUID:
        """Returns the item's id."""
        return cast("UUID", self.row.item_id)

    @property
    def due_on(self) -> date:
        """Returns the day on which it is due."""
        return cast("date", self.row.due_on)

    @property
    def days_overdue(self) -> int:
        """Returns how many days ago it was due."""
        return (self.today - self.due_on).days

    @property
    def open_minor(self) -> int:
        """Returns what is open now, in minor units; of a step that is done, what was open then."""
        return cast("int", self.row.open_minor)

    @property
    def covered_minor(self) -> int:
        """Returns the part of it that the debtor's unapplied credit covers, in minor units."""
        return self.now.covered_minor if self.now else 0

    @property
    def nominal_on(self) -> date:
        """Returns the day on which the step was due by the policy."""
        return cast("date", self.row.nominal_on)

    @property
    def state(self) -> str:
        """Returns the state of the step."""
        return cast("str", self.row.state)

    @property
    def level(self) -> int:
        """Returns the level of the step."""
        return cast("int", self.row.level)

    @property
    def code(self) -> str:
        """Returns the code of the step."""
        return cast("str", self.row.code)

    @property
    def reason(self) -> str:
        """Returns why a letter does not claim it any more, in words; empty where it does."""
        return reason_text(self.now.reason if self.now else None)

    @property
    def step_name(self) -> str:
        """Returns the step in words; only for the lines that are shown."""
        return step_name(self.code)

    @property
    def why(self) -> str:
        """Returns why the step came, in words; only for the lines that are shown."""
        return explain_step(self.row.why_code, json.loads(self.row.why_params))

    @property
    def claimed(self) -> bool:
        """Returns whether a letter claims it, or a call or task is about it."""
        return not (self.now and self.now.reason) and self.row.state != "suppressed"

    @property
    def label(self) -> str:
        """Returns the document's number, with the instalment where it is one."""
        return document_label(self.row.document_no, self.row.instalment_no, self.row.instalments)


@dataclass(frozen=True)
class QueueAction:
    """A letter, call or task in the queue. `contact` is empty when the customer has no reachable contact."""

    id: UUID
    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    form: str
    code: str
    name: str
    hint: str
    level: int
    release_role: str | None
    effects: tuple[str, ...]
    state: str
    items: int
    total_minor: int
    number: str | None
    deadline_on: date | None
    run_on: date
    reason: str
    decided_by: str | None
    decided_at: datetime | None
    delivered_at: datetime | None
    has_paper: bool
    contact: str
    to_call: str
    phone: str
    owner_name: str | None
    outcome: str | None
    again_on: date | None
    lines: tuple[QueueLine, ...]

    @property
    def is_letter(self) -> bool:
        """Returns whether it goes out to the debtor by mail or on paper."""
        return self.form == "letter"

    @property
    def done_by_role(self) -> str | None:
        """Returns the role that does this call or task, whoever owns the customer; None for the owner's own."""
        return self.release_role or ADDRESSED_TO.get(self.code) or DONE_BY.get(self.code)

    @cached_property
    def claims(self) -> bool:
        """Returns whether anything of a letter is left to claim; True for a call or task."""
        return not self.is_letter or any(line.claimed for line in self.lines)

    @property
    def can_be_skipped(self) -> bool:
        """Returns whether it waits for a person; a bounced letter of nothing is closed instead."""
        if self.state == "failed":
            return self.claims
        return self.state == "proposed" or (not self.is_letter and self.state == "approved")

    @cached_property
    def first_lines(self) -> tuple[QueueLine, ...]:
        """Returns the lines that the queue shows; all stand on the action's own page."""
        return self.lines[:LINES_SHOWN]

    @cached_property
    def claim_minor(self) -> int:
        """Returns what it is about now, in minor units: what is open of the items that it still claims.

        A letter's is less the debtor's unapplied credit.
        """
        claimed: dict[UUID, int] = {line.row.item_id: line.row.open_minor for line in self.lines if line.claimed}
        return sum(claimed.values()) - self.unapplied_minor

    @cached_property
    def unapplied_minor(self) -> int:
        """Returns what of a letter's claim unapplied credit covers, in minor units."""
        covered = (line for line in self.lines if line.now and line.now.covered_minor and line.claimed)
        return sum({line.item_id: line.covered_minor for line in covered}.values())

    @property
    def claimed_items(self) -> int:
        """Returns how many items it still claims."""
        return len({line.item_id for line in self.lines if line.claimed})


@dataclass(frozen=True)
class QueueGroup:
    """The actions for one customer in one currency."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    currency: str
    actions: tuple[QueueAction, ...]


@dataclass(frozen=True)
class QueueSummary:
    """Counts of the queue by kind; withheld steps as the last run counted them."""

    letters: int
    calls: int
    tasks: int
    problems: int
    outgoing: int
    held: dict[str, int]
    last_run_on: date | None
    last_run_at: datetime | None

    @property
    def to_review(self) -> int:
        """Returns how many letters, calls and tasks wait for a decision."""
        return self.letters + self.calls + self.tasks

    def of_tab(self, tab: str) -> int:
        """Returns how many actions a tab of the queue shows."""
        sizes = {"letters": self.letters, "tasks": self.calls + self.tasks, "problems": self.problems}
        return sizes.get(tab, self.outgoing)
