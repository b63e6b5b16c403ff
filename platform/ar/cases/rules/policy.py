"""Defines and validates escalation policies: levels of steps, and rules on their own clock (A24).

Pure. Invariant: a valid policy has no letter before its anchor date, no two levels on one day, and hands no
debt to an agency or a court without a person's release (A08).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kernel.i18n import mark

PRESETS: Final = ("five-step", "twelve-step")
_PRESET_DIR: Final = Path(__file__).with_name("presets")

PRESET_NAMES: Final = (
    mark("Five steps after the collection period"),
    mark("Twelve steps after the due date"),
)

Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Days: TypeAlias = Annotated[int, Field(ge=0, le=3660)]


class Anchor(StrEnum):
    """Where a level counts from: due date, end of the collection period, deadline set by a demand."""

    DUE = "due"
    COLLECTION_END = "collection_end"
    DEADLINE = "deadline"


class Audience(StrEnum):
    """The addressee of a step: the debtor, or our own people."""

    DEBTOR = "debtor"
    INTERNAL = "internal"


class Channel(StrEnum):
    """How a step reaches its audience; calls and tasks are done by a person."""

    EMAIL = "email"
    CALL = "call"
    TASK = "task"
    LETTER = "letter"


class Effect(StrEnum):
    """An effect of a step besides its message."""

    SET_DEADLINE = "set_deadline"
    PROPOSE_STOP_SHIPMENT = "propose_stop_shipment"
    REQUEST_CONFIRMATION = "request_confirmation"
    ASSIGN_AGENCY = "assign_agency"
    PREPARE_LITIGATION = "prepare_litigation"


def form_of(audience: Audience, channel: Channel) -> str:
    """Returns how a step is carried out: `letter` (on paper or by mail), `call`, or `task` inside the company."""
    if audience is Audience.INTERNAL:
        return "task"
    return "call" if channel is Channel.CALL else "letter"


#: Tasks that are addressed to a role by what they are: step code → role that decides (R178, W7).
ADDRESSED_TO: Final = {"general_manager": "general_manager"}
#: Calls and tasks that a role does, whoever owns the customer: step code → role.
DONE_BY: Final = {"manager_call_1": "sales_manager", "manager_call_2": "sales_manager"}
NEVER_AUTOMATIC: Final = frozenset({Effect.ASSIGN_AGENCY, Effect.PREPARE_LITIGATION})


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Strict):
    """One message, call or task. `approval` names the role that must release it; null means none."""

    code: Code
    audience: Audience
    channel: Channel
    approval: Code | None = None
    effects: tuple[Effect, ...] = ()

    @model_validator(mode="after")
    def _belongs_together(self) -> Step:
        if self.audience is Audience.DEBTOR and self.channel is Channel.TASK:
            raise ValueError(f"{self.code}: a task is internal, it cannot be addressed to the debtor")
        if NEVER_AUTOMATIC.intersection(self.effects) and self.approval is None:
            raise ValueError(f"{self.code}: handing over a debt needs an approval")
        return self


class OwnClock(_Strict):
    """Steps that fire once per item on a date of their own, whatever level the item is on.

    The date is anchor + `offset_days` + `offset_months` calendar months, in this order, clipped at month
    ends.
    """

    anchor: Anchor
    offset_days: Days = 0
    offset_months: Annotated[int, Field(ge=0, le=120)] = 0
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _deadline_has_passed(self) -> OwnClock:
        if self.anchor is Anchor.DEADLINE and not (self.offset_days or self.offset_months):
            raise ValueError("a deadline has lapsed on the day after it: the offset must be 1 day or more")
        return self


class Level(OwnClock):
    """One rung: all its steps go together. `min_gap_days` count from the last delivered step of the item."""

    number: Annotated[int, Field(ge=1)]
    min_gap_days: Days = 0


class Policy(_Strict):
    """One version of a ladder: levels 1, 2, 3… taken in this order, at most one per item and run.

    `start`: an item that never had a step begins at level 1, or at the level of the day. `deadline_days`:
    calendar days that a step with `set_deadline` gives. `tolerance_minor`: what a letter would ask for, and is below
    it, per currency in minor units, is not chased. `chases_interest`: documents of late interest climb the ladder
    too; else they are asked for by statements alone.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Annotated[str, Field(min_length=1)]
    version: Annotated[int, Field(ge=1)] = 1
    start: Literal["first", "level_of_the_day"] = "first"
    deadline_days: Annotated[int, Field(ge=1, le=366)] = 7
    tolerance_minor: dict[Currency, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    chases_interest: bool = False
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    own_clock: tuple[OwnClock, ...] = ()

    @model_validator(mode="after")
    def _is_a_ladder(self) -> Policy:
        if [level.number for level in self.levels] != list(range(1, len(self.levels) + 1)):
            raise ValueError("levels must be numbered 1, 2, 3… in order")
        codes = [step.code for step in self.steps()]
        if len(set(codes)) != len(codes):
            raise ValueError("a step code may stand only once in a policy")
        # Without it, a second run on the same day would find the next level due.
        if any(level.min_gap_days < 1 for level in self.levels[1:]):
            raise ValueError("every level after the first needs a minimum gap of 1 day or more")
        self._check_order()
        self._check_deadlines()
        return self

    def _check_order(self) -> None:
        latest: dict[Anchor, Level] = {}
        for level in self.levels:
            before = latest.get(level.anchor)
            if before is not None and not _not_before(level, before):
                raise ValueError(f"level {level.number} would come before level {before.number}")
            latest[level.anchor] = level

    def _check_deadlines(self) -> None:
        deadline_set = False
        for level in self.levels:
            if level.anchor is Anchor.DEADLINE and not deadline_set:
                raise ValueError(f"level {level.number} waits for a deadline that no level before it sets")
            deadline_set = deadline_set or any(Effect.SET_DEADLINE in step.effects for step in level.steps)
        if not deadline_set and any(rule.anchor is Anchor.DEADLINE for rule in self.own_clock):
            raise ValueError("a rule waits for a deadline that no level sets")

    def steps(self) -> Iterator[Step]:
        """Yields every step: of the levels in order, then of the rules on their own clock."""
        for rule in (*self.levels, *self.own_clock):
            yield from rule.steps

    def is_within_tolerance(self, currency: str, open_minor: int) -> bool:
        """Returns whether an amount is too small to ask for; False without a tolerance for the currency."""
        return open_minor < self.tolerance_minor.get(currency, 0)


def parse_policy(text: str | bytes) -> Policy:
    """Parses a policy from JSON. Raises pydantic.ValidationError (a ValueError) naming each fault."""
    return Policy.model_validate_json(text)


@lru_cache(maxsize=len(PRESETS))
def load_preset(code: str) -> Policy:
    """Returns the shipped ladder `five-step` or `twelve-step` (A24). Raises KeyError for any other name."""
    if code not in PRESETS:
        raise KeyError(code)
    return parse_policy((_PRESET_DIR / f"{code}.json").read_bytes())


def _not_before(level: Level, before: Level) -> bool:
    """Returns whether `level` can never fall before `before`, counted from one anchor in months of any length."""
    if level.offset_days >= before.offset_days and level.offset_months >= before.offset_months:
        return True
    shortest = level.offset_days + 28 * level.offset_months
    return shortest >= before.offset_days + 31 * before.offset_months
