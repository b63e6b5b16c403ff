"""Writing what a run decided: actions, steps, ladder states and holds, one statement each whatever their number.

May import this slice's models and kernel. Invariants: one letter per customer and currency, at the highest level
among its items (each keeps its own); a step that exists is not made twice, one that was suppressed is proposed anew.
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

from ar.cases import selection
from ar.cases.ladder import DueStep
from ar.cases.policy import Audience, Channel
from kernel import outbox
from kernel.actor import Actor
from kernel.ids import new_id, new_ids
from kernel.journal import record

PREPARE_LETTERS: Final = "cases.prepare_letters"


class StateChange(NamedTuple):
    """A ladder state after the run. None leaves the stored value alone (a parked item keeps what it was)."""

    version_id: UUID | None
    waiting: bool | None
    fired: str | None
    next_on: date | None
    parked: bool


@dataclass(slots=True)
class Grouped:
    """One action in the making: the steps of one customer and currency that go together."""

    id: UUID
    number: int
    customer: str
    currency: str
    form: str
    audience: str
    code: str = ""
    level: int = -1
    approval: str | None = None
    approval_level: int = -1
    effects: set[str] = field(default_factory=set)
    items: int = 0
    total_minor: int = 0
    last_item: str = ""

    def add(self, item: str, open_minor: int, step: DueStep) -> None:
        """Takes in a step; the highest level names the action, the highest that needs approval names the role."""
        if item != self.last_item:
            self.items += 1
            self.total_minor += open_minor
            self.last_item = item
        if step.level > self.level:
            self.level, self.code = step.level, step.code
        if step.approval is not None and step.level > self.approval_level:
            self.approval, self.approval_level = step.approval, step.level
        if step.effects:
            self.effects.update(effect.value for effect in step.effects)


def form_of(step: DueStep) -> str:
    """How a step is carried out: by letter or mail, by telephone, or as a task inside the house."""
    if step.audience is Audience.INTERNAL:
        return "task"
    return "call" if step.channel is Channel.CALL else "letter"


class Recorder:
    """Gathers a run's decisions in arrays, then writes them."""

    def __init__(self, actor: Actor, run_id: UUID, *, auto_approve: bool) -> None:
        self.actor, self.run_id, self.auto_approve = actor, run_id, auto_approve
        self.groups: dict[tuple[str, str, str, str], Grouped] = {}
        self._kinds: list[tuple[UUID, DueStep]] = []
        self._plans: dict[tuple[UUID, int], list[tuple[int, str, str, DueStep]]] = {}
        self._step_items: list[str] = []
        self._step_groups: list[int] = []
        self._step_kinds: list[int] = []
        self._changes: dict[tuple[StateChange, str | None], int] = {}
        self._new: tuple[list[str], list[int]] = ([], [])
        self._known: tuple[list[str], list[int]] = ([], [])
        self._held: list[tuple[str, str, str, str]] = []

    @property
    def step_count(self) -> int:
        """Steps proposed by this run."""
        return len(self._step_items)

    def propose(
        self, item: str, customer: str, currency: str, open_minor: int, version_id: UUID, steps: tuple[DueStep, ...]
    ) -> None:
        """Puts the item's steps into the actions of its customer and currency."""
        plan = self._plans.get((version_id, id(steps)))
        if plan is None:
            plan = self._plans[version_id, id(steps)] = self._plan(version_id, steps)
        for kind, form, code, step in plan:
            group = self.groups.get((customer, currency, form, code))
            if group is None:
                group = Grouped(new_id(), len(self.groups), customer, currency, form, step.audience.value)
                self.groups[customer, currency, form, code] = group
            group.add(item, open_minor, step)
            self._step_items.append(item)
            self._step_groups.append(group.number)
            self._step_kinds.append(kind)

    def _plan(self, version_id: UUID, steps: Iterable[DueStep]) -> list[tuple[int, str, str, DueStep]]:
        plan = []
        for step in steps:
            form = form_of(step)
            plan.append((len(self._kinds), form, step.code if form == "task" else "", step))
            self._kinds.append((version_id, step))
        return plan

    def change(self, item: str, change: StateChange, kind: str, held_code: str | None = None) -> None:
        """Notes the item's ladder state after the run."""
        number = self._changes.setdefault((change, held_code), len(self._changes))
        items, numbers = self._new if kind == selection.NEW else self._known
        items.append(item)
        numbers.append(number)

    def hold(
        self,
        item: str,
        customer: str,
        held: tuple[str, dict[str, Any]],
        held_before: str | None,
        change: StateChange,
        kind: str,
    ) -> None:
        """Notes that a due step is not taken; a line for the timeline only when the reason is another than before."""
        code, params = held
        if code != held_before:
            self._held.append((item, customer, code, json.dumps(params)))
        if code != held_before or kind != selection.DUE:
            self.change(item, change, kind, held_code=code)

    def write(self, db: Session, counts: Mapping[str, Any]) -> None:
        """Everything, in a constant number of statements, and one event in the journal."""
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
        if self._held:
            self._write_held(db)
        record(
            db, self.actor, "day_run", subject_id=self.run_id, data={**facts, "run_on": self.actor.today.isoformat()}
        )

    def _write_actions(self, db: Session) -> None:
        groups = list(self.groups.values())
        released = [self.auto_approve and g.form == "letter" and g.approval is None for g in groups]
        db.execute(
            _ACTIONS,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "now": self.actor.now,
                "by": self.actor.name,
                "ids": [g.id for g in groups],
                "customers": _literal(g.customer for g in groups),
                "currencies": [g.currency for g in groups],
                "forms": [g.form for g in groups],
                "codes": [g.code for g in groups],
                "levels": [g.level for g in groups],
                "audiences": [g.audience for g in groups],
                "approvals": [g.approval for g in groups],
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
                "groups": _literal(map(str, self._step_groups)),
                "kinds": _literal(map(str, self._step_kinds)),
                "actions": [g.id for g in groups],
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

    def _write_held(self, db: Session) -> None:
        db.execute(
            _HELD,
            {
                "tenant": self.actor.tenant_id,
                "run": self.run_id,
                "today": self.actor.today,
                "ids": new_ids(len(self._held)),
                "items": _literal(row[0] for row in self._held),
                "customers": _literal(row[1] for row in self._held),
                "codes": [row[2] for row in self._held],
                "params": [row[3] for row in self._held],
            },
        )


def _literal(values: Iterable[str]) -> str:
    """A PostgreSQL array literal of ids or integers, which need no quoting."""
    return "{" + ",".join(values) + "}"


_RUN: Final = sa.text("""
    INSERT INTO day_run (tenant_id, id, run_on, started_at, counts)
    VALUES (:tenant, :id, :today, :now, CAST(:counts AS jsonb))
""")
_ACTIONS: Final = sa.text("""
    INSERT INTO action (tenant_id, id, customer_id, run_id, run_on, currency, form, code, level, audience,
        approval_role, effects, state, items, total_minor, decided_by, decided_at, created_at)
    SELECT :tenant, g.id, g.customer_id, :run, :today, g.currency, g.form, g.code, g.level, g.audience, g.approval,
        string_to_array(g.effects, ','), CASE WHEN g.released THEN 'approved' ELSE 'proposed' END, g.items, g.total,
        CASE WHEN g.released THEN CAST(:by AS text) END,
        CASE WHEN g.released THEN CAST(:now AS timestamptz) END, :now
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:currencies AS text[]), CAST(:forms AS text[]),
        CAST(:codes AS text[]), CAST(:levels AS int[]), CAST(:audiences AS text[]), CAST(:approvals AS text[]),
        CAST(:effects AS text[]), CAST(:released AS bool[]), CAST(:items AS int[]), CAST(:totals AS bigint[])
    ) AS g(id, customer_id, currency, form, code, level, audience, approval, effects, released, items, total)
    ON CONFLICT DO NOTHING
""")

_STEPS: Final = sa.text("""
    INSERT INTO step (tenant_id, id, item_id, customer_id, policy_version_id, action_id, level, code, nominal_on,
        runs_on, open_minor, state, why_code, why_params)
    SELECT :tenant, s.id, s.item_id, i.customer_id, k.version_id, a.action_id, k.level, k.code, k.nominal_on,
        k.runs_on, i.open_minor + coalesce(later.minor, 0), 'proposed', k.why_code, CAST(k.why_params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:groups AS int[]), CAST(:kinds AS int[])
    ) AS s(id, item_id, group_no, kind_no)
    JOIN unnest(CAST(:actions AS uuid[])) WITH ORDINALITY AS a(action_id, n) ON a.n = s.group_no + 1
    JOIN unnest(
        CAST(:versions AS uuid[]), CAST(:levels AS int[]), CAST(:codes AS text[]), CAST(:nominal AS date[]),
        CAST(:runs AS date[]), CAST(:whys AS text[]), CAST(:params AS text[])
    ) WITH ORDINALITY AS k(version_id, level, code, nominal_on, runs_on, why_code, why_params, n)
        ON k.n = s.kind_no + 1
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = s.item_id
    LEFT JOIN (
        SELECT debit_item_id, CAST(sum(amount_minor) AS bigint) AS minor FROM allocation
        WHERE tenant_id = :tenant AND effective_on > :today GROUP BY debit_item_id
    ) AS later ON later.debit_item_id = s.item_id
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

_HELD: Final = sa.text("""
    INSERT INTO held (tenant_id, id, item_id, customer_id, run_id, held_on, code, params)
    SELECT :tenant, h.id, h.item_id, h.customer_id, :run, :today, h.code, CAST(h.params AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:customers AS uuid[]), CAST(:codes AS text[]),
        CAST(:params AS text[])
    ) AS h(id, item_id, customer_id, code, params)
    ON CONFLICT DO NOTHING
""")
