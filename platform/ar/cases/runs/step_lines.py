"""Lists the steps of a run or a simulation, one line per item, for `run-day` and `simulate`.

Invariants: `open_minor` is in minor units; the reason of a step is a sentence in the current language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.cases.ladder.explain import explain_step, explain_withheld
from ar.cases.models import Action, PolicyVersion, StepTaken
from ar.cases.runs.commands import RunResult
from ar.cases.runs.simulation import SimulatedStep
from ar.customers.models import Customer
from ar.ledger.models import OpenItem


@dataclass(frozen=True, slots=True)
class StepLine:
    """One item's step as `run-day` and `simulate` list it; `open_minor` in minor units."""

    customer_no: str
    document_no: str
    policy: str
    step: str
    nominal_on: date
    runs_on: date
    open_minor: int
    currency: str
    status: str
    why: str

    def as_json(self) -> dict[str, Any]:
        """Returns the fields that `run-day` and `simulate` write."""
        return {
            "customer_no": self.customer_no,
            "document_no": self.document_no,
            "policy": self.policy,
            "step": self.step,
            "nominal_on": self.nominal_on.isoformat(),
            "runs_on": self.runs_on.isoformat(),
            "open_minor": self.open_minor,
            "currency": self.currency,
            "status": self.status,
            "why": self.why,
        }


def run_steps(db: Session, tenant_id: UUID, result: RunResult) -> list[StepLine]:
    """Returns the steps that a run proposed or withheld anew, by customer and document, in the current language."""
    step, item, customer, version, action = StepTaken, OpenItem, Customer, PolicyVersion, Action
    rows = db.execute(
        sa.select(
            customer.number.label("customer_no"),
            item.document_no,
            version.code.label("policy"),
            step.code.label("step"),
            step.nominal_on,
            step.runs_on,
            step.open_minor,
            item.currency,
            step.state.label("status"),
            step.why_code,
            step.why_params,
        )
        .join(action, sa.and_(action.tenant_id == step.tenant_id, action.id == step.action_id))
        .join(item, sa.and_(item.tenant_id == step.tenant_id, item.id == step.item_id))
        .join(customer, sa.and_(customer.tenant_id == step.tenant_id, customer.id == step.customer_id))
        .join(version, sa.and_(version.tenant_id == step.tenant_id, version.id == step.policy_version_id))
        .where(step.tenant_id == tenant_id, action.run_id == result.run_id, step.runs_on == result.run_on)
    )
    proposed = [
        StepLine(
            customer_no=row.customer_no,
            document_no=row.document_no,
            policy=row.policy,
            step=row.step,
            nominal_on=row.nominal_on,
            runs_on=row.runs_on,
            open_minor=row.open_minor,
            currency=row.currency,
            status=row.status,
            why=explain_step(row.why_code, row.why_params),
        )
        for row in rows
    ]
    return sorted([*proposed, *_withheld_lines(db, tenant_id, result)], key=_by_document)


def simulated_lines(steps: Iterable[SimulatedStep]) -> list[StepLine]:
    """Returns the steps of a simulation in the form of `run_steps`."""
    return [
        StepLine(
            customer_no=simulated.customer_no,
            document_no=simulated.document_no,
            policy=simulated.policy,
            step=simulated.step.code,
            nominal_on=simulated.step.nominal_on,
            runs_on=simulated.step.runs_on,
            open_minor=simulated.open_minor,
            currency=simulated.currency,
            status="simulated",
            why=explain_step(simulated.step.why.code, simulated.step.why.params),
        )
        for simulated in steps
    ]


def _withheld_lines(db: Session, tenant_id: UUID, result: RunResult) -> list[StepLine]:
    if not result.withheld:
        return []
    item, customer = OpenItem, Customer
    rows = db.execute(
        sa.select(item.id, customer.number, item.document_no, item.open_minor, item.currency)
        .join(customer, sa.and_(customer.tenant_id == item.tenant_id, customer.id == item.customer_id))
        .where(
            item.tenant_id == tenant_id,
            customer.tenant_id == tenant_id,
            item.id == sa.any_(sa.cast([held.item_id for held in result.withheld], sa.ARRAY(sa.Uuid))),
        )
    )
    items = {row.id: row for row in rows}
    return [
        StepLine(
            customer_no=items[held.item_id].number,
            document_no=items[held.item_id].document_no,
            policy=held.policy,
            step=held.step.code,
            nominal_on=held.step.nominal_on,
            runs_on=result.run_on,
            open_minor=items[held.item_id].open_minor,
            currency=items[held.item_id].currency,
            status="held",
            why=explain_withheld(held.code, held.params),
        )
        for held in result.withheld
    ]


def _by_document(line: StepLine) -> tuple[str, str, date, str]:
    return (line.customer_no, line.document_no, line.nominal_on, line.step)
