"""Writes what a run decided: actions, steps, ladder states and withheld steps, each in one statement.

Invariants: one letter per customer and currency, at the highest level among its items (each keeps its own); a step that
exists is not made twice, one that was suppressed is proposed anew.
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
from ar.cases.rules.policy import form_of
from kernel import outbox
from kernel.actor import Actor
from kernel.ids import new_id, new_ids
from kernel.journal import record

PREPARE_LETTERS: Final = "cases.prepare_letters"

_RUN: Final = sa.text("""
    INSERT INTO day_run (tenant_id, id, run_on, started_at, counts)
    VALUES (:tenant, :id, :today, :now, CAST(:counts AS jsonb))
""")
_ACTIONS: Final = sa.text("""
    INSERT INTO action (tenant_id, id, customer_id, run_id, run_on, currency, form, code, level, audience,
        approval_role, effects, state, items, total_minor, decided_by, decided_at, created_at)
    SELECT :tenant, g.id, g.customer_id, :run, :today, g.currency, g.form, g.code, g.level, g.audience, g.release_role,
        string_to_array(g.effects, ','), CASE WHEN g.released THEN 'approved' ELSE 'proposed' END, g.items, g.total,
        CASE WHEN g.released THEN CAST(:by AS text) END,
        CASE WHEN g.released THEN CAST(:now AS timestamptz) END, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:currencies AS text[]), CAST(:forms AS text[]),
        CAST(:codes AS text[]), CAST(:levels AS int[]), CAST(:audiences AS text[]), CAST(:release_roles AS text[]),
        CAST(:effects AS text[]), CAST(:released AS bool[]), CAST(:items AS int[]), CAST(:totals AS bigint[])
    ) AS g(id, customer_id, currency, form, code, level, audience, release_role, effects, released, items, total)
    ON CONFLICT DO NOTHING
""")

_STEPS: Final = sa.text("""
    INSERT INTO step (tenant_id, id, item_id, customer_id, policy_version_id, action_id, level, code, nominal_on,
        runs_on, open_minor, state, why_code, why_params)
    SELECT :tenant, s.id, s.item_id, a.customer_id, k.version_id, a.action_id, k.level, k.code, k.nominal_on,
        k.runs_on, s.open_minor, 'proposed', k.why_code, CAST(k.why_params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:open AS bigint[]), CAST(:groups AS int[]),
        CAST(:kinds AS int[])
    ) AS s(id, item_id, open_minor, group_no, kind_no)
    JOIN unnest(CAST(:actions AS uuid[]), CAST(:customers AS uuid[])) WITH ORDINALITY AS a(action_id, customer_id, n)
        ON a.n = s.group_no + 1
    JOIN unnest(
        CAST(:versions AS uuid[]), CAST(:levels AS int[]), CAST(:codes AS text[]), CAST(:nominal AS date[]),
        CAST(:runs AS date[]), CAST(:whys AS text[]), CAST(:params AS text[])
    ) WITH ORDINALITY AS k(version_id, level, code, nominal_on, runs_on, why_code, why_params, n)
        ON k.n = s.kind_no + 1
    ON CONFLICT (tenant_id, item_id, policy_version_id, level, code) DO UPDATE SET
        action_id = excluded.action_id, nominal_on = excluded.nominal_on, runs_on = excluded.runs_on,
        open_minor = excluded.open_minor, state = 'proposed', why_code = excluded.why_code,
        why_params = excluded.why_params
    WHERE step.tenant_id = :tenant AND step.state = 'suppressed'
""")

_CHANGES: Final = """
    FROM unnest(CAST(:items AS uuid[]), CAST(:numbers AS int[])) AS c(item_id, number)
    JOIN unnest(
        CAST(:versions AS uuid[]), CAST(:waiting AS bool[]), CAST(:fired AS text[]), CAST(:next AS date[]),
        CAST(:parked AS bool[]), CAST(:held AS text[])
    ) WITH ORDINALITY AS n(version_id, waiting, fired, next_on, parked, held_code, n) ON n.n = c.number + 1
"""
_ENROL: Final = sa.text(f"""
    INSERT INTO ladder_state (tenant_id, item_id, policy_version_id, level_reached, waiting, fired, next_on, parked,
        held_code)
    SELECT :tenant, c.item_id, n.version_id, 0, n.waiting, string_to_array(n.fired, ','), n.next_on, n.parked,
        n.held_code
    {_CHANGES}
    ON CONFLICT DO NOTHING
""")
_MOVE: Final = sa.text(
    """
    UPDATE ladder_state SET
        waiting = coalesce(m.waiting, ladder_state.waiting), next_on = m.next_on, parked = m.parked,
        fired = coalesce(string_to_array(m.fired, ','), ladder_state.fired), held_code = m.held_code
    FROM (SELECT c.item_id, n.waiting, n.fired, n.next_on, n.parked, n.held_code
    """
    + _CHANGES
    + """) AS m WHERE ladder_state.tenant_id = :tenant AND ladder_state.item_id = m.item_id"""
)

_WITHHELD: Final = sa.text("""
    INSERT INTO held (tenant_id, id, item_id, customer_id, run_id, held_on, code, params)
    SELECT :tenant, h.id, h.item_id, h.customer_id, :run, :today, h.code, CAST(h.params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:customers AS uuid[]), CAST(:codes AS text[]),
        CAST(:params AS text[])
    ) AS h(id, item_id, customer_id, code, params)
    ON CONFLICT DO NOTHING
""")


class StateChange(NamedTuple):
    """A ladder state after the run. None leaves the stored value alone (a parked item keeps what it was)."""

    version_id: UUID | None
    waiting: bool | None
    fired: str | None
    next_on: date | None
    parked: bool


@dataclass(slots=True)
class ProposedAction:
    """An action while the run gathers its steps: those of one customer and currency that go together."""

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
        """Takes in a step; the highest level names the action, the highest that needs a release names the role."""
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
    """A step of a policy version as the run numbers it, and the action it goes into: its form and, for a task, code."""

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


class Recorder:
    """Gathers a run's decisions in arrays, then writes them."""

    def __init__(self, actor: Actor, run_id: UUID, *, auto_approve: bool) -> None:
        self.actor, self.run_id, self.auto_approve = actor, run_id, auto_approve
        self.groups: dict[tuple[str, str, str, str], ProposedAction] = {}
        self._kinds: list[tuple[UUID, DueStep]] = []
        self._plans: dict[tuple[UUID, int], list[_PlannedStep]] = {}
        self._step_items: list[str] = []
        self._step_open: list[int] = []
        self._step_groups: list[int] = []
        self._step_kinds: list[int] = []
        self._changes: dict[tuple[StateChange, str | None], int] = {}
        self._new: tuple[list[str], list[int]] = ([], [])
        self._known: tuple[list[str], list[int]] = ([], [])
        self._withheld: list[_WithheldRow] = []

    @property
    def step_count(self) -> int:
        """Returns how many steps this run proposes."""
        return len(self._step_items)

    def propose(self, item: Candidate, version_id: UUID, steps: tuple[DueStep, ...]) -> None:
        """Puts the item's steps into the actions of its customer and currency."""
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
            self._step_kinds.append(number)

    def _plan(self, version_id: UUID, steps: Iterable[DueStep]) -> list[_PlannedStep]:
        plan = []
        for step in steps:
            form = form_of(step.audience, step.channel)
            group_code = step.code if form == "task" else ""
            plan.append(_PlannedStep(number=len(self._kinds), form=form, group_code=group_code, step=step))
            self._kinds.append((version_id, step))
        return plan

    def change(self, item: Candidate, change: StateChange, held_code: str | None = None) -> None:
        """Notes the item's ladder state after the run."""
        number = self._changes.setdefault((change, held_code), len(self._changes))
        items, numbers = self._new if item.kind == NEW else self._known
        items.append(item.item_id)
        numbers.append(number)

    def withhold(self, item: Candidate, reason: Reason, change: StateChange) -> None:
        """Notes that a due step is not taken; a line for the timeline only when the reason is another than before."""
        is_news = reason.code != item.held_code
        if is_news:
            self._withheld.append(
                _WithheldRow(
                    item_id=item.item_id,
                    customer_id=item.customer_id,
                    code=reason.code,
                    params=json.dumps(reason.params),
                )
            )
        if is_news or item.kind != DUE:
            self.change(item, change, held_code=reason.code)

    def write(self, db: Session, counts: Mapping[str, Any]) -> None:
        """Writes everything in a constant number of statements, and one event in the journal."""
        facts = {**counts, "steps": self.step_count, "actions": len(self.groups), "enrolled": len(self._new[0])}
        db.execute(
            _RUN,
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
        released = [self.auto_approve and g.form == "letter" and g.release_role is None for g in groups]
        db.execute(
            _ACTIONS,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "now": self.actor.now,
                "by": self.actor.name,
                "ids": [g.id for g in groups],
                "customers": _literal(g.customer_id for g in groups),
                "currencies": [g.currency for g in groups],
                "forms": [g.form for g in groups],
                "codes": [g.code for g in groups],
                "levels": [g.level for g in groups],
                "audiences": [g.audience for g in groups],
                "release_roles": [g.release_role for g in groups],
                "effects": [",".join(sorted(g.effects)) for g in groups],
                "released": released,
                "items": [g.items for g in groups],
                "totals": [g.total_minor for g in groups],
            },
        )
        if any(released):
            outbox.put(db, self.actor, PREPARE_LETTERS, {}, key=f"{PREPARE_LETTERS}:{self.run_id}")

    def _write_steps(self, db: Session) -> None:
        groups = list(self.groups.values())
        steps = [step for _version, step in self._kinds]
        db.execute(
            _STEPS,
            {
                "tenant": self.actor.tenant_id,
                "today": self.actor.today,
                "ids": _literal(map(str, new_ids(len(self._step_items)))),
                "items": _literal(self._step_items),
                "open": _literal(map(str, self._step_open)),
                "groups": _literal(map(str, self._step_groups)),
                "kinds": _literal(map(str, self._step_kinds)),
                "actions": [g.id for g in groups],
                "customers": _literal(g.customer_id for g in groups),
                "versions": [version for version, _step in self._kinds],
                "levels": [step.level for step in steps],
                "codes": [step.code for step in steps],
                "nominal": [step.nominal_on for step in steps],
                "runs": [step.runs_on for step in steps],
                "whys": [step.why.code for step in steps],
                "params": [json.dumps(step.why.params) for step in steps],
            },
        )

    def _write_states(self, db: Session) -> None:
        for (items, numbers), statement in ((self._new, _ENROL), (self._known, _MOVE)):
            if not items:
                continue
            changes = list(self._changes)
            db.execute(
                statement,
                {
                    "tenant": self.actor.tenant_id,
                    "items": _literal(items),
                    "numbers": _literal(map(str, numbers)),
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
            _WITHHELD,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "ids": new_ids(len(self._withheld)),
                "items": _literal(each.item_id for each in self._withheld),
                "customers": _literal(each.customer_id for each in self._withheld),
                "codes": [each.code for each in self._withheld],
                "params": [each.params for each in self._withheld],
            },
        )


def _literal(values: Iterable[str]) -> str:
    """A PostgreSQL array literal of ids or integers, which need no quoting."""
    return "{" + ",".join(values) + "}"
