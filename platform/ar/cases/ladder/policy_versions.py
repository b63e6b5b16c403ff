"""Publishes escalation policies as versions, and loads all of them as one `PolicyBook`.

Invariant: a published version never changes; publishing the same text again gives the same version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.step_texts import has_texts
from ar.cases.models import PolicyVersion
from ar.cases.rules.policy import PRESETS, Policy, Step, form_of, load_preset
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record


@dataclass(frozen=True)
class PolicyBook:
    """Every published version of a tenant, and the newest of each code."""

    by_id: dict[UUID, Policy]
    newest: dict[str, UUID]
    steps: dict[tuple[UUID, str], Step] = field(repr=False)

    def pick(self, customer_code: str | None, company_code: str) -> UUID:
        """Returns the version for an item not yet enrolled: the customer's policy, else the company's (A24).

        Raises RuleBroken(`policy_not_published`) when neither is published.
        """
        for code in (customer_code, company_code):
            if code is not None and code in self.newest:
                return self.newest[code]
        raise RuleBroken("policy_not_published", policy=company_code)


def publish_preset(db: Session, actor: Actor, code: str) -> UUID:
    """Publishes a shipped ladder as the tenant's newest version of it; returns the version's id.

    Raises NotFound(`policy_not_found`) for an unknown name.
    """
    try:
        preset = load_preset(code)
    except KeyError:
        raise NotFound("policy_not_found", policy=code) from None
    actor = lock_counter(db, actor, "policy")
    book = policy_book(db, actor.tenant_id)
    newest = book.by_id[book.newest[code]] if code in book.newest else None
    if newest is not None and newest.model_copy(update={"version": preset.version}) == preset:
        return book.newest[code]
    policy = preset.model_copy(update={"version": newest.version + 1 if newest else 1})
    return _publish(db, actor, policy)


def publish_presets(db: Session, actor: Actor) -> None:
    """Publishes both shipped ladders, for a new tenant."""
    for code in PRESETS:
        publish_preset(db, actor, code)


def publish_policy(db: Session, actor: Actor, policy: Policy) -> UUID:
    """Publishes `policy` as the next version of its code and returns the version's id.

    Items under way finish on the version they started. Raises RuleBroken(`policy_step_without_texts`).
    """
    actor = lock_counter(db, actor, "policy")
    book = policy_book(db, actor.tenant_id)
    version = book.by_id[book.newest[policy.code]].version + 1 if policy.code in book.newest else 1
    return _publish(db, actor, policy.model_copy(update={"version": version}))


def policy_book(db: Session, tenant_id: UUID) -> PolicyBook:
    """Returns all published versions, in one statement."""
    rows = db.execute(_published_versions(), {"tenant": tenant_id}).all()
    by_id = {row.id: _policy(row.data) for row in rows}
    steps = {(version, step.code): step for version, policy in by_id.items() for step in policy.steps()}
    return PolicyBook(by_id, {row.code: row.id for row in rows}, steps)


@cache
def _published_versions() -> sa.Select[UUID, str, str]:
    p = PolicyVersion
    published = sa.select(p.id, p.code, sa.cast(p.data, sa.Text).label("data"))
    return published.where(p.tenant_id == sa.bindparam("tenant", type_=sa.Uuid)).order_by(p.code, p.version)


@lru_cache(maxsize=256)
def _policy(data: str) -> Policy:
    """Returns the policy of a published text. A version never changes, and every letter asks for it twice."""
    return Policy.model_validate_json(data)


def _publish(db: Session, actor: Actor, policy: Policy) -> UUID:
    for step in policy.steps():
        if not has_texts(step.code, form_of(step.audience, step.channel)):
            raise RuleBroken("policy_step_without_texts", step=step.code)
    version_id = new_id()
    db.execute(
        sa.insert(PolicyVersion).values(
            tenant_id=actor.tenant_id,
            id=version_id,
            code=policy.code,
            version=policy.version,
            data=policy.model_dump(mode="json"),
            effective_from=actor.today,
            published_by=actor.name,
            published_at=actor.now,
        )
    )
    record(
        db, actor, "policy_published", subject_id=version_id, data={"policy": policy.code, "version": policy.version}
    )
    return version_id
