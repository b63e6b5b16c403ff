"""Gives the steps an approval takes: the company's own chain or the kind's, and those an amount requires.

Invariant: a change is a new version recorded in the journal; open approvals keep the chain they were requested with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel import journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from tenants.approvals.kinds import ChainStep, Kind, chain_fault
from tenants.approvals.models import ApprovalChain


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain of a kind in a company; version 0 is the kind's own."""

    steps: tuple[ChainStep, ...]
    version: int = 0


def chain_of(db: Session, tenant_id: UUID, kind: Kind) -> Chain:
    """Returns the chain in force for new approvals of this kind."""
    chain = ApprovalChain
    row = db.execute(
        sa.select(chain.steps, chain.version)
        .where(chain.tenant_id == tenant_id, chain.kind == kind.code)
        .order_by(chain.version.desc())
        .limit(1)
    ).first()
    return Chain(parse_steps(row.steps), row.version) if row else Chain(kind.chain)


def required_steps(steps: Sequence[ChainStep], compare_minor: int | None) -> list[ChainStep]:
    """Returns the steps that an amount requires (minor units of the company's currency); all when it is unknown."""
    if compare_minor is None:
        return list(steps)
    return [step for step in steps if abs(compare_minor) >= step.from_minor]


def change_chain(db: Session, actor: Actor, kind: Kind, steps: Sequence[ChainStep], seen_version: int) -> int:
    """Changes the chain of a kind; returns its version (the old one when nothing differs).

    Raises RuleBroken(`approval_chain_gap`, `approval_chain_bad`, `approval_chain_role`), and
    Conflict(`approval_chain_moved_on`) when it has changed since `seen_version`.
    """
    if fault := chain_fault(steps):
        raise RuleBroken(fault)
    actor = lock_counter(db, actor, f"approval_chain:{kind.code}")
    before = chain_of(db, actor.tenant_id, kind)
    if tuple(steps) == before.steps:
        return before.version
    if before.version != seen_version:
        raise Conflict("approval_chain_moved_on")
    chain_id = new_id()
    db.execute(
        sa.insert(ApprovalChain).values(
            tenant_id=actor.tenant_id,
            id=chain_id,
            kind=kind.code,
            version=before.version + 1,
            steps=steps_json(steps),
            changed_at=actor.now,
            changed_by=actor.name,
            changed_by_id=actor.user_id,
        )
    )
    journal.record(
        db,
        actor,
        "approval_chain_changed",
        subject_id=chain_id,
        data={
            "approval_kind": kind.code,
            "version": before.version + 1,
            "before": steps_json(before.steps),
            "after": steps_json(steps),
        },
    )
    return before.version + 1


def steps_json(steps: Sequence[ChainStep]) -> list[dict[str, Any]]:
    """Returns steps as their stored JSON."""
    return [{"role": str(step.role), "from_minor": step.from_minor} for step in steps]


def parse_steps(stored: Sequence[dict[str, Any]]) -> tuple[ChainStep, ...]:
    """Returns steps from their stored JSON."""
    return tuple(ChainStep(step["role"], step["from_minor"]) for step in stored)
