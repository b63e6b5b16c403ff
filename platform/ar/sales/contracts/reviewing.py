"""Has contracts reviewed, seals them, records where their copies are, ends them.

Source: R078, R091 to R098, A27. Invariants: a sealed contract is never changed (the database refuses it): a clause by
a supplement, a price by a new contract, each signed by the sales manager; a customer's own form goes past the finance
director first; its prices are those of an approved quotation; with a blacklisted customer none is made.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.sales.contracts.basis import ContractPrice, is_same_product
from ar.sales.contracts.commands import contract_lines, find_contract, locked_contract, record_event, update_contract
from ar.sales.contracts.creditworthiness import granted_credit, require_not_blacklisted
from ar.sales.contracts.inputs import EndContract, KeepCopy, SealContract
from ar.sales.contracts.messages import CHECKLIST_NAMES
from ar.sales.contracts.models import ContractCopy
from ar.sales.contracts.quotations import find_quotation
from ar.sales.rules.checklist import BEFORE_SEALING, missing, not_said
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.views import DbRow
from tenants.approvals.engine import ApprovalRequest, Evidence, request, withdraw
from tenants.approvals.kinds import Approved

KIND: Final = "contract"
OUTSIDE_KIND: Final = "contract_outside"


def submit_contract(db: Session, actor: Actor, contract_id: UUID) -> UUID:
    """Asks for the review of a contract; returns the approval's id (R093, R096).

    Raises NotFound(`contract_not_found`), Conflict(`contract_not_draft`), RuleBroken (`contract_checklist`,
    `contract_quotation_missing`, `contract_price_off`, `contract_blacklisted`), what requesting an approval raises.
    """
    actor, row = locked_contract(db, actor, contract_id)
    if row.state != "draft":
        raise Conflict("contract_not_draft", number=row.number)
    if row.form != "supplement":
        _require_items(row, row.checklist, sealing=False)
    _require_quoted_prices(db, actor.tenant_id, row)
    require_not_blacklisted(db, actor, row)
    facts = {
        "number": row.number,
        "form": row.form,
        "title": row.title,
        "currency": row.currency,
        "amount_minor": row.amount_minor,
        "term_days": row.term_days,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat() if row.ends_on else None,
        "granted": granted_credit(db, actor, row.customer_id),
        "not_said": [] if row.form == "supplement" else not_said(row.checklist),
    }
    evidence = [Evidence(sha256=row.file_sha256, file_name=row.file_name)] if row.file_sha256 else []
    kind = OUTSIDE_KIND if row.form == "customer" else KIND
    asked = ApprovalRequest(
        kind,
        contract_id,
        customer_id=row.customer_id,
        amount_minor=None,
        currency=None,
        facts=facts,
        reason=row.clauses[:500],
        evidence=evidence,
    )
    approval_id = request(db, actor, asked)
    update_contract(db, actor, contract_id, state="submitted", approval_id=approval_id)
    record_event(db, actor, "contract_submitted", row)
    return approval_id


def review_contract(db: Session, actor: Actor, approved: Approved) -> None:
    """Marks a contract as reviewed, so that it can be sealed; runs on final approval."""
    actor, row = locked_contract(db, actor, approved.subject_id)
    if row.state != "submitted":
        raise Conflict("contract_not_draft", number=row.number)
    update_contract(db, actor, row.id, state="reviewed", reviewed_at=actor.now, reviewed_by=actor.name)
    record_event(db, actor, "contract_reviewed", row)


def return_contract(db: Session, actor: Actor, approved: Approved) -> None:
    """Gives a contract back as a draft, after a rejection or a withdrawal."""
    actor, row = locked_contract(db, actor, approved.subject_id)
    if row.state != "submitted":
        return
    update_contract(db, actor, row.id, state="draft", approval_id=None)
    record_event(db, actor, "contract_returned", row, reason=approved.closing_reason)


def seal_contract(db: Session, actor: Actor, contract_id: UUID, data: SealContract) -> None:
    """Seals a reviewed contract: from now on it never changes. The contract that it replaces ends.

    Raises NotFound(`contract_not_found`), RuleBroken (`contract_not_reviewed`, `contract_file_missing`,
    `contract_checklist`, `contract_blacklisted`).
    """
    actor, row = locked_contract(db, actor, contract_id)
    if row.state != "reviewed":
        raise RuleBroken("contract_not_reviewed", number=row.number)
    require_not_blacklisted(db, actor, row)
    if row.file_sha256 is None:
        raise RuleBroken("contract_file_missing")
    ticked = dict(row.checklist) | {item: True for item in data.checklist if item in BEFORE_SEALING}
    if row.form == "supplement":
        _require_items(row, dict.fromkeys(missing({}, sealing=False), True) | ticked, sealing=True)
    else:
        _require_items(row, ticked, sealing=True)
    sealed = {"sealed_at": actor.now, "sealed_by": actor.name, "deal_ref": row.deal_ref}
    if row.replaces_id is not None:
        replaced = find_contract(db, actor.tenant_id, row.replaces_id, locked=True)
        if replaced.state == "sealed":
            _end(db, actor, replaced, "ended", row.number)
            sealed["deal_ref"] = row.deal_ref or replaced.deal_ref
    update_contract(db, actor, contract_id, state="sealed", checklist=ticked, **sealed)
    record_event(db, actor, "contract_sealed", row)


def keep_copy(db: Session, actor: Actor, contract_id: UUID, data: KeepCopy) -> None:
    """Records where one of the three copies of a sealed contract is kept; later again when it moves (A27).

    Raises NotFound(`contract_not_found`), RuleBroken (`contract_not_sealed`, `contract_copy_day`).
    """
    actor, row = locked_contract(db, actor, contract_id)
    if row.state not in ("sealed", "ended"):
        raise RuleBroken("contract_not_sealed", number=row.number)
    if data.received_on > actor.today:
        raise RuleBroken("contract_copy_day")
    copy = ContractCopy
    values = {
        "holder": data.holder,
        "received_on": data.received_on,
        "recorded_at": actor.now,
        "recorded_by": actor.name,
    }
    db.execute(
        insert(copy)
        .values(tenant_id=actor.tenant_id, contract_id=contract_id, place=data.place, **values)
        .on_conflict_do_update(index_elements=[copy.tenant_id, copy.contract_id, copy.place], set_=values)
    )
    record_event(db, actor, "contract_copy_kept", row, place=data.place, holder=data.holder)


def end_contract(db: Session, actor: Actor, contract_id: UUID, data: EndContract) -> None:
    """Ends a sealed contract, or cancels one that is not sealed, whose approval is withdrawn.

    Orders entered before its end stand on it still. Raises NotFound(`contract_not_found`), Conflict(`contract_ended`).
    """
    actor, row = locked_contract(db, actor, contract_id)
    if row.state in ("ended", "cancelled"):
        raise Conflict("contract_ended", number=row.number)
    if row.state == "submitted" and row.approval_id is not None:
        withdraw(db, actor, row.approval_id, data.reason)
    _end(db, actor, row, "ended" if row.state == "sealed" else "cancelled", data.reason)


def _require_items(row: DbRow, checklist: dict[str, Any], *, sealing: bool) -> None:
    lacking = missing(checklist, sealing=sealing)
    if lacking:
        raise RuleBroken(
            "contract_checklist", number=row.number, items=", ".join(_(CHECKLIST_NAMES[item]) for item in lacking)
        )


def _require_quoted_prices(db: Session, tenant_id: UUID, row: DbRow) -> None:
    """Every price of a contract is the one of its approved quotation (R094)."""
    lines = contract_lines(db, tenant_id, row.id)
    if not lines:
        return
    quotation = find_quotation(db, tenant_id, row.quotation_id) if row.quotation_id is not None else None
    if quotation is None or quotation.state != "approved" or quotation.currency != row.currency:
        raise RuleBroken("contract_quotation_missing", number=row.number)
    quoted = [
        ContractPrice(each["product"], each["unit"], None, Decimal(each["unit_price"])) for each in quotation.lines
    ]
    for line in lines:
        if line.unit_price not in [
            each.unit_price for each in quoted if is_same_product(each, line.product, line.unit)
        ]:
            raise RuleBroken("contract_price_off", line_no=line.line_no, number=quotation.number)


def _end(db: Session, actor: Actor, row: DbRow, state: str, reason: str) -> None:
    ended = {"ended_at": actor.now, "ended_by": actor.name, "ended_reason": reason}
    update_contract(db, actor, row.id, state=state, **ended)
    record_event(db, actor, f"contract_{state}", row, reason=reason)
