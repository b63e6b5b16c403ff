"""Records versions of the company's credit policy.

Invariant: a version is never changed; the highest counts, from the moment of its transaction on.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.policy.models import CreditSettings
from ar.credit.policy.queries import credit_policy_version
from ar.credit.rules.policy import CreditPolicy
from kernel import journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import RuleBroken
from kernel.versions import check_version

POLICY_LOCK: Final = "credit_policy"


def set_credit_policy(db: Session, actor: Actor, data: SetCreditPolicy) -> int:
    """Records a new version unless it equals the one in force; returns the version in force.

    Raises Conflict(`changed_meanwhile`), RuleBroken(`policy_thresholds`).
    """
    actor = lock_counter(db, actor, POLICY_LOCK)
    version, before = credit_policy_version(db, actor.tenant_id)
    try:
        policy = CreditPolicy.model_validate(data.values())
    except ValidationError as fault:
        raise RuleBroken(str(fault.errors()[0]["msg"]).removeprefix("Value error, ")) from None
    if policy == before:
        return version
    check_version(data, form_values(before))
    written = policy.model_dump(mode="json")
    written["checks_off"] = sorted(written["checks_off"])
    db.execute(
        sa.insert(CreditSettings).values(
            tenant_id=actor.tenant_id,
            version=version + 1,
            data=written,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    journal.record(db, actor, "credit_policy_set", data={"version": version + 1, **written})
    return version + 1
