"""Writes the decisions of a run: actions, steps, ladder states and withheld steps, each in one statement.

Invariants: one letter per customer and currency, at the highest level among its items (each keeps its own); a step that
exists is not inserted twice, one that was suppressed is proposed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.candidates import DUE, NEW, Candidate
from ar.cases.rules.holds import Reason
from ar.cases.rules.ladder import DueStep
from ar.cases.rules.policy import ADDRESSED_TO, form_of
from kernel import outbox
from kernel.actor import Actor
from kernel.ids import new_id, new_ids
from kernel.journal import record

PREPARE_LETTERS: Final = "cases.prepare_letters"
REPORT_TO_ROLES: Final = "cases.report_to_roles"

_INSERT_RUN: Final = sa.text("""
    INSERT INTO day_run (tenant_id, id, run_on, started_at, counts)
    VALUES (:tenant, :id, :today, :now, CAST(:counts AS jsonb))
""")
_INSERT_ACTIONS: Final = sa.text("""
    INSERT INTO action (tenant_id, id, customer_id, run_id, run_on, currency, form, code, level, audience,
        approval_role, effects, state, items, total_minor, decided_by, decided_at, created_at)
    SELECT :tenant, planned.id, planned.customer_id, :run, :today, planned.currency, planned.form, planned.code,
        planned.level, planned.audience, planned.release_role, string_to_array(planned.effects, ','),
        CASE WHEN planned.released THEN 'approved' ELSE 'proposed' END, planned.items, planned.total,
        CASE WHEN planned.released THEN CAST(:by AS text) END,
        CASE WHEN planned.released THEN CAST(:now AS timestamptz) END, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:currencies AS text[]), CAST(:forms AS text[]),
        CAST(:codes AS text[]), CAST(:levels AS int[]), CAST(:audiences AS text[]), CAST(:release_roles AS text[]),
        CAST(:effects AS text[]), CAST(:released AS bool[]), CAST(:items AS int[]), CAST(:totals AS bigint[])
    ) AS planned(id, customer_id, currency, form, code, level, audience, release_role, effects, released, items, total)
    ON CONFLICT DO NOTHING
""")

_INSERT_STEPS: Final = sa.text("""
    INSERT INTO step (tenant_id, id, item_id, customer_id, policy_version_id, action_id, level, code, nominal_on,
        runs_on, open_minor, state, why_code, why_params)
    SELECT :tenant, planned.id, planned.item_id, target.customer_id, variant.version_id, target.action_id,
        variant.level, variant.code, variant.nominal_on, variant.runs_on, planned.open_minor, 'proposed',
        variant.why_code, CAST(variant.why_params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:open AS bigint[]), CAST(:groups AS int[]),
        CAST(:variants AS int[])
    ) AS planned(id, item_id, open_minor, group_no, variant_no)
    JOIN unnest(CAST(:actions AS uuid[]), CAST(:customers AS uuid[]))
        WITH ORDINALITY AS target(action_id, customer_id, n)
        ON target.n = planned.group_no + 1
    JOIN unnest(
        CAST(:versions AS uuid[]), CAST(:levels AS int[]), CAST(:codes AS text[]), CAST(:nominal AS date[]),
        CAST(:runs AS date[]), CAST(:whys AS text[]), CAST(:params AS text[])
    ) WITH ORDINALITY AS variant(version_id, level, code, nominal_on, runs_on, why_code, why_params, n)
        ON variant.n = planned.variant_no + 1
    ON CONFLICT (tenant_id, item_id, policy_version_id, level, code) DO UPDATE SET
        action_id = excluded.action_id, nominal_on = excluded.nominal_on, runs_on = excluded.runs_on,
        open_minor = excluded.open_minor, state = 'proposed', why_code = excluded.why_code,
        why_params = excluded.why_params
    WHERE step.tenant_id = excluded.tenant_id AND step.state = 'suppressed'
""")

_STATE_CHANGES: Final = """
    FROM unnest(CAST(:items AS uuid[]), CAST(:numbers AS int[])) AS item(item_id, number)
    JOIN unnest(
        CAST(:versions AS uuid[]), CAST(:waiting AS bool[]), CAST(:fired AS text[]), CAST(:next AS date[]),
        CAST(:parked AS bool[]), CAST(:held AS text[])
    ) WITH ORDINALITY AS change(version_id, waiting, fired, next_on, parked, held_code, n) ON change.n = item.number + 1
"""
_INSERT_STATES: Final = sa.text(f"""
    INSERT INTO ladder_state (tenant_id, item_id, policy_version_id, level_reached, waiting, fired, next_on, parked,
        held_code)
    SELECT :tenant, item.item_id, change.version_id, 0, change.waiting, string_to_array(change.fired, ','),
        change.next_on, change.parked, change.held_code
    {_STATE_CHANGES}
    ON CONFLICT DO NOTHING
""")
_UPDATE_STATES: Final = sa.text(
    """
    UPDATE ladder_state SET
        waiting = coalesce(moved.waiting, ladder_state.waiting), next_on = moved.next_on, parked = moved.parked,
        fired = coalesce(string_to_array(moved.fired, ','), ladder_state.fired), held_code = moved.held_code
    FROM (SELECT item.item_id, change.waiting, change.fired, change.next_on, change.parked, change.held_code
    """
    + _STATE_CHANGES
    + """) AS moved WHERE ladder_state.tenant_id = :tenant AND ladder_state.item_id = moved.item_id"""
)

_INSERT_WITHHELD: Final = sa.text("""
    INSERT INTO held (tenant_id, id, item_id, customer_id, run_id, held_on, code, params)
    SELECT :tenant, withheld.id, withheld.item_id, withheld.customer_id, :run, :today, withheld.code,
        CAST(withheld.params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:customers AS uuid[]), CAST(:codes AS text[]),
        CAST(:params AS text[])
    ) AS withheld(id, item_id, customer_id, code, params)
    ON CONFLICT DO NOTHING
""")


class StateChange(NamedTuple):
    """A ladder state after the run; None keeps the stored value (a parked item keeps its version and codes)."""

    version_id: UUID | None
    waiting: bool | None
    fired: str | None
    next_on: date | None
    parked: bool


@dataclass(slots=True)
class ProposedAction:
    """An action while the run collects its steps: those of one customer, currency and form."""

    id: UUID
    number: int
    customer_id: str
    currency: str
    form: str
    audience: str
    code: str = ""
    level: int = -1
    release_role: str | None = None
    release_level: int = -1
    effects: set[str] = field(default_factory=set)
    items: int = 0
    total_minor: int = 0
    last_item: str = ""

    def add(self, item: Candidate, step: DueStep) -> None:
        """Adds a step; the highest level gives the action its code, the highest that needs a release its role."""
        if item.item_id != self.last_item:
            self.items += 1
            self.total_minor += item.open_minor
            self.last_item = item.item_id
        if step.level > self.level:
            self.level, self.code = step.level, step.code
        if step.approval is not None and step.level > self.release_level:
            self.release_role, self.release_level = step.approval, step.level
        if step.effects:
            self.effects.update(effect.value for effect in step.effects)


class _PlannedStep(NamedTuple):
    """A step of a policy version with its number in the run, and the form and (for a task) code of its action."""

    number: int
    form: str
    group_code: str
    step: DueStep


class _WithheldRow(NamedTuple):
    """A row of the table `held`."""

    item_id: str
    customer_id: str
    code: str
    params: str


class RunRecorder:
    """Gathers a run's decisions in arrays, then writes them."""

    def __init__(self, actor: Actor, run_id: UUID, *, auto_approve: bool) -> None:
        self.actor, self.run_id, self.auto_approve = actor, run_id, auto_approve
        self.groups: dict[tuple[str, str, str, str], ProposedAction] = {}
        self._step_variants: list[tuple[UUID, DueStep]] = []
        self._plans: dict[tuple[UUID, int], list[_PlannedStep]] = {}
        self._step_items: list[str] = []
        self._step_open: list[int] = []
        self._step_groups: list[int] = []
        self._step_variant_numbers: list[int] = []
        self._changes: dict[tuple[StateChange, str | None], int] = {}
        self._new: tuple[list[str], list[int]] = ([], [])
        self._known: tuple[list[str], list[int]] = ([], [])
        self._withheld: list[_WithheldRow] = []

    @property
    def step_count(self) -> int:
        """Returns how many steps this run proposes."""
        return len(self._step_items)

    def propose(self, item: Candidate, version_id: UUID, steps: tuple[DueStep, ...]) -> None:
        """Adds the item's steps to the actions of its customer and currency."""
        plan = self._plans.get((version_id, id(steps)))
        if plan is None:
            plan = self._plans[version_id, id(steps)] = self._plan(version_id, steps)
        for number, form, group_code, step in plan:
            key = (item.customer_id, item.currency, form, group_code)
            group = self.groups.get(key)
            if group is None:
                group = self.groups[key] = ProposedAction(
                    id=new_id(),
                    number=len(self.groups),
                    customer_id=item.customer_id,
                    currency=item.currency,
                    form=form,
                    audience=step.audience.value,
                )
            group.add(item, step)
            self._step_items.append(item.item_id)
            self._step_open.append(item.open_minor)
            self._step_groups.append(group.number)
            self._step_variant_numbers.append(number)

    def _plan(self, version_id: UUID, steps: Iterable[DueStep]) -> list[_PlannedStep]:
        plan = []
        for step in steps:
            form = form_of(step.audience, step.channel)
            group_code = step.code if form == "task" else ""
            plan.append(_PlannedStep(number=len(self._step_variants), form=form, group_code=group_code, step=step))
            self._step_variants.append((version_id, step))
        return plan

    def set_state(self, item: Candidate, change: StateChange, held_code: str | None = None) -> None:
        """Sets the item's ladder state after the run."""
        number = self._changes.setdefault((change, held_code), len(self._changes))
        items, numbers = self._new if item.kind == NEW else self._known
        items.append(item.item_id)
        numbers.append(number)

    def withhold(self, item: Candidate, reason: Reason, change: StateChange) -> bool:
        """Withholds a due step; stored for the timeline, and True, only when the reason is another than before."""
        is_new_reason = reason.code != item.held_code
        if is_new_reason:
            self._withheld.append(
                _WithheldRow(
                    item_id=item.item_id,
                    customer_id=item.customer_id,
                    code=reason.code,
                    params=json.dumps(reason.params),
                )
            )
        if is_new_reason or item.kind != DUE:
            self.set_state(item, change, held_code=reason.code)
        return is_new_reason

    def write(self, db: Session, counts: Mapping[str, Any]) -> None:
        """Writes the whole run in a constant number of statements, with one journal event."""
        facts = {**counts, "steps": self.step_count, "actions": len(self.groups), "enrolled": len(self._new[0])}
        db.execute(
            _INSERT_RUN,
            {
                "tenant": self.actor.tenant_id,
                "id": self.run_id,
                "today": self.actor.today,
                "now": self.actor.now,
                "counts": json.dumps(facts),
            },
        )
        if self.groups:
            self._write_actions(db)
            self._write_steps(db)
        self._write_states(db)
        if self._withheld:
            self._write_withheld(db)
        record(
            db, self.actor, "day_run", subject_id=self.run_id, data={**facts, "run_on": self.actor.today.isoformat()}
        )

    def _write_actions(self, db: Session) -> None:
        groups = list(self.groups.values())
        released = [self.auto_approve and group.form == "letter" and group.release_role is None for group in groups]
        db.execute(
            _INSERT_ACTIONS,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "now": self.actor.now,
                "by": self.actor.name,
                "ids": [group.id for group in groups],
                "customers": _array_literal(group.customer_id for group in groups),
                "currencies": [group.currency for group in groups],
                "forms": [group.form for group in groups],
                "codes": [group.code for group in groups],
                "levels": [group.level for group in groups],
                "audiences": [group.audience for group in groups],
                "release_roles": [group.release_role for group in groups],
                "effects": [",".join(sorted(group.effects)) for group in groups],
                "released": released,
                "items": [group.items for group in groups],
                "totals": [group.total_minor for group in groups],
            },
        )
        if any(group.form != "letter" and (group.release_role or group.code in ADDRESSED_TO) for group in groups):
            outbox.put(
                db, self.actor, REPORT_TO_ROLES, {"run": str(self.run_id)}, key=f"{REPORT_TO_ROLES}:{self.run_id}"
            )
        if any(released):
            outbox.put(db, self.actor, PREPARE_LETTERS, {}, key=f"{PREPARE_LETTERS}:{self.run_id}")

    def _write_steps(self, db: Session) -> None:
        groups = list(self.groups.values())
        steps = [step for _version, step in self._step_variants]
        db.execute(
            _INSERT_STEPS,
            {
                "tenant": self.actor.tenant_id,
                "today": self.actor.today,
                "ids": _array_literal(map(str, new_ids(len(self._step_items)))),
                "items": _array_literal(self._step_items),
                "open": _array_literal(map(str, self._step_open)),
                "groups": _array_literal(map(str, self._step_groups)),
                "variants": _array_literal(map(str, self._step_variant_numbers)),
                "actions": [group.id for group in groups],
                "customers": _array_literal(group.customer_id for group in groups),
                "versions": [version for version, _step in self._step_variants],
                "levels": [step.level for step in steps],
                "codes": [step.code for step in steps],
                "nominal": [step.nominal_on for step in steps],
                "runs": [step.runs_on for step in steps],
                "whys": [step.why.code for step in steps],
                "params": [json.dumps(step.why.params) for step in steps],
            },
        )

    def _write_states(self, db: Session) -> None:
        for (items, numbers), statement in ((self._new, _INSERT_STATES), (self._known, _UPDATE_STATES)):
            if not items:
                continue
            changes = list(self._changes)
            db.execute(
                statement,
                {
                    "tenant": self.actor.tenant_id,
                    "items": _array_literal(items),
                    "numbers": _array_literal(map(str, numbers)),
                    "versions": [change.version_id for change, _held in changes],
                    "waiting": [change.waiting for change, _held in changes],
                    "fired": [change.fired for change, _held in changes],
                    "next": [change.next_on for change, _held in changes],
                    "parked": [change.parked for change, _held in changes],
                    "held": [held for _change, held in changes],
                },
            )

    def _write_withheld(self, db: Session) -> None:
        db.execute(
            _INSERT_WITHHELD,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "ids": new_ids(len(self._withheld)),
                "items": _array_literal(row.item_id for row in self._withheld),
                "customers": _array_literal(row.customer_id for row in self._withheld),
                "codes": [row.code for row in self._withheld],
                "params": [row.params for row in self._withheld],
            },
        )


def _array_literal(values: Iterable[str]) -> str:
    """Returns a PostgreSQL array literal of ids or integers, which need no quoting."""
    return "{" + ",".join(values) + "}"
