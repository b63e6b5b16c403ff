"""Registers contracts, changes drafts, attaches their scans; what becomes of them then is in `reviewing`.

Source: R090 to R098, A27. Invariants: a sealed contract is never changed (the database refuses it): a clause by a
supplement, a price by a new contract, each signed by the sales manager; one deal has one contract; a customer's own
form goes past the finance director first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.ledger.commands import lock_customers
from ar.sales.contracts.inputs import ContractFields, ContractLineInput, EditContract, RegisterContract
from ar.sales.contracts.models import Contract, ContractLine
from ar.sales.contracts.quotations import find_quotation, require_customer, require_distinct
from kernel import journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.money import decimal_text, parse_positive_amount
from kernel.storage import store
from kernel.uploads import OFFICE, PICTURES, UploadedFile, base_name, media_type_of, require_shown_anywhere
from kernel.versions import check_version
from kernel.views import DbRow

FILE_MAX: Final = 12 * 1000 * 1000
FILE_TYPES: Final = PICTURES + OFFICE
#: How many numbers in a row that somebody else gave away are passed over.
_TRIES: Final = 50


def register_contract(db: Session, actor: Actor, data: RegisterContract, file: UploadedFile | None = None) -> UUID:
    """Registers a contract as a draft; returns its id.

    Raises NotFound (`customer_not_found`, `contract_not_found`, `quotation_not_found`), Conflict
    (`contract_number_taken`), RuleBroken (`contract_deal_taken`, `contract_supplement_of`, `contract_replaces`,
    `contract_supplement_prices`, `contract_days`, `line_twice`, `contract_file_size`, `contract_file_heic`,
    `contract_file_kind`), what parsing an amount raises.
    """
    require_customer(db, actor.tenant_id, data.customer_id)
    actor = lock_customers(db, actor, [data.customer_id])
    if (data.form == "supplement") != (data.supplements_id is not None):
        raise RuleBroken("contract_supplement_of")
    if data.supplements_id is not None:
        _require_sealed(db, actor.tenant_id, data.supplements_id, data.customer_id, "contract_supplement_of")
        if data.lines or data.amount:
            raise RuleBroken("contract_supplement_prices")
    contract_id = new_id()
    written = _values(db, actor, data, data.customer_id, contract_id, data.form)
    values = {
        "tenant_id": actor.tenant_id,
        "id": contract_id,
        "customer_id": data.customer_id,
        "form": data.form,
        "supplements_id": data.supplements_id,
        **written,
        **({"file_name": "", "file_sha256": None} if file is None else _stored(db, actor, file)),
        "state": "draft",
        "recorded_at": actor.now,
        "recorded_by": actor.name,
        "recorded_by_id": actor.user_id,
    }
    number = _insert(db, actor, values, data.number)
    _write_lines(db, actor.tenant_id, contract_id, data.lines)
    facts = {"number": number, "form": data.form}
    journal.record(db, actor, "contract_registered", customer_id=data.customer_id, subject_id=contract_id, data=facts)
    return contract_id


def edit_contract(db: Session, actor: Actor, contract_id: UUID, data: EditContract) -> None:
    """Changes a draft. Raises Conflict (`contract_not_draft`, `changed_meanwhile`), and as `register_contract`."""
    actor, row = locked_contract(db, actor, contract_id)
    check_version(data, contract_values(db, actor.tenant_id, row))
    if row.state != "draft":
        raise Conflict("contract_not_draft", number=row.number)
    if row.form == "supplement" and (data.lines or data.amount):
        raise RuleBroken("contract_supplement_prices")
    update_contract(db, actor, contract_id, **_values(db, actor, data, row.customer_id, contract_id, row.form))
    _write_lines(db, actor.tenant_id, contract_id, data.lines)
    record_event(db, actor, "contract_changed", row)


def attach_file(db: Session, actor: Actor, contract_id: UUID, file: UploadedFile | None) -> None:
    """Attaches the scan of a contract that is not sealed yet, in place of an earlier one.

    Raises NotFound(`contract_not_found`), Conflict(`contract_sealed`), RuleBroken (`contract_file_missing`,
    `contract_file_size`, `contract_file_heic`, `contract_file_kind`).
    """
    if file is None:
        raise RuleBroken("contract_file_missing")
    actor, row = locked_contract(db, actor, contract_id)
    if row.state not in ("draft", "submitted", "reviewed"):
        raise Conflict("contract_sealed", number=row.number)
    stored = _stored(db, actor, file)
    update_contract(db, actor, contract_id, **stored)
    record_event(db, actor, "contract_file_attached", row, file_name=stored["file_name"])


def find_contract(db: Session, tenant_id: UUID, contract_id: UUID, *, locked: bool = False) -> DbRow:
    """Returns the columns of a contract that its commands need. Raises NotFound(`contract_not_found`)."""
    contract = Contract
    columns = (
        contract.id,
        contract.number,
        contract.customer_id,
        contract.form,
        contract.state,
        contract.title,
        contract.deal_ref,
        contract.their_number,
        contract.quotation_id,
        contract.supplements_id,
        contract.replaces_id,
        contract.currency,
        contract.amount_minor,
        contract.term_days,
        contract.starts_on,
        contract.ends_on,
        contract.checklist,
        contract.clauses,
        contract.file_sha256,
        contract.file_name,
        contract.approval_id,
    )
    statement = sa.select(*columns).where(contract.tenant_id == tenant_id, contract.id == contract_id)
    row = db.execute(statement.with_for_update() if locked else statement).first()
    if row is None:
        raise NotFound("contract_not_found")
    return row


def locked_contract(db: Session, actor: Actor, contract_id: UUID) -> tuple[Actor, DbRow]:
    """Locks a contract after its customer; returns the actor at the moment after, and the contract."""
    customer_id = find_contract(db, actor.tenant_id, contract_id).customer_id
    actor = lock_customers(db, actor, [customer_id])
    return actor, find_contract(db, actor.tenant_id, contract_id, locked=True)


def contract_lines(db: Session, tenant_id: UUID, contract_id: UUID) -> list[DbRow]:
    """Returns the lines of a contract in the order of their numbers, without those taken out."""
    line = ContractLine
    columns = (line.line_no, line.product, line.specification, line.unit, line.quantity, line.unit_price)
    where = (line.tenant_id == tenant_id, line.contract_id == contract_id, line.dropped.is_(False))
    return list(db.execute(sa.select(*columns).where(*where).order_by(line.line_no)))


def contract_values(db: Session, tenant_id: UUID, row: DbRow) -> dict[str, Any]:
    """Returns what the form of a contract shows, as text."""
    return {
        "title": row.title,
        "deal_ref": row.deal_ref,
        "their_number": row.their_number,
        "quotation_id": str(row.quotation_id or ""),
        "replaces_id": str(row.replaces_id or ""),
        "currency": row.currency,
        "amount": "" if row.amount_minor is None else decimal_text(row.amount_minor, row.currency),
        "term_days": "" if row.term_days is None else str(row.term_days),
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat() if row.ends_on else "",
        "clauses": row.clauses,
        "checklist": sorted(item for item, on_it in row.checklist.items() if on_it),
        "lines": [
            {
                "line_no": str(line.line_no),
                "product": line.product,
                "specification": line.specification,
                "unit": line.unit,
                "quantity": "" if line.quantity is None else format(line.quantity.normalize(), "f"),
                "unit_price": format(line.unit_price.normalize(), "f"),
            }
            for line in contract_lines(db, tenant_id, row.id)
        ],
    }


def _values(
    db: Session, actor: Actor, data: ContractFields, customer_id: UUID, contract_id: UUID, form: str
) -> dict[str, Any]:
    require_distinct(list(data.lines))
    if data.ends_on is not None and data.ends_on < data.starts_on:
        raise RuleBroken("contract_days")
    deal_ref = data.deal_ref
    if data.replaces_id is not None:
        replaced = _require_sealed(db, actor.tenant_id, data.replaces_id, customer_id, "contract_replaces")
        # It takes the deal over when it is sealed and the other ends.
        deal_ref = "" if deal_ref == replaced.deal_ref else deal_ref
    if data.quotation_id is not None:
        quotation = find_quotation(db, actor.tenant_id, data.quotation_id)
        if quotation.customer_id != customer_id:
            raise NotFound("quotation_not_found")
    if form != "supplement":
        _require_free_deal(db, actor.tenant_id, customer_id, contract_id, deal_ref)
    return {
        "title": data.title,
        "deal_ref": deal_ref,
        "their_number": data.their_number,
        "quotation_id": data.quotation_id,
        "replaces_id": data.replaces_id,
        "currency": data.currency,
        "amount_minor": parse_positive_amount(data.amount, data.currency) if data.amount else None,
        "term_days": data.term_days,
        "starts_on": data.starts_on,
        "ends_on": data.ends_on,
        "clauses": data.clauses,
        "checklist": dict.fromkeys(data.checklist, True),
    }


def _require_free_deal(db: Session, tenant_id: UUID, customer_id: UUID, contract_id: UUID, deal_ref: str) -> None:
    """One deal has one contract, own form or the customer's, never both (R096)."""
    if not deal_ref:
        return
    contract = Contract
    number = db.execute(
        sa.select(contract.number).where(
            contract.tenant_id == tenant_id,
            contract.customer_id == customer_id,
            contract.deal_ref == deal_ref,
            contract.form != "supplement",
            contract.state.not_in(("ended", "cancelled")),
            contract.id != contract_id,
        )
    ).scalar()
    if number is not None:
        raise RuleBroken("contract_deal_taken", number=number)


def _require_sealed(db: Session, tenant_id: UUID, contract_id: UUID, customer_id: UUID, code: str) -> DbRow:
    row = find_contract(db, tenant_id, contract_id)
    if row.customer_id != customer_id or row.state != "sealed" or row.form == "supplement":
        raise RuleBroken(code)
    return row


def _stored(db: Session, actor: Actor, file: UploadedFile) -> dict[str, Any]:
    name = base_name(file.name)
    if not 0 < len(file.content) <= FILE_MAX:
        raise RuleBroken("contract_file_size", name=name)
    require_shown_anywhere(file, "contract_file_heic")
    media_type = media_type_of(file, FILE_TYPES)
    if media_type is None:
        raise RuleBroken("contract_file_kind", name=name)
    return {"file_sha256": store(db, actor, file.content, media_type), "file_name": name}


def _insert(db: Session, actor: Actor, values: dict[str, Any], number: str) -> str:
    """Inserts the contract under its number, or the next free one; returns the number."""
    year = actor.today.year
    for _try in range(_TRIES):
        asked = number or document_number("CT", year, take_numbers(db, actor.tenant_id, f"contract:{year}")[0])
        keys = [Contract.tenant_id, Contract.number]
        statement = insert(Contract).values(**values, number=asked).on_conflict_do_nothing(index_elements=keys)
        if db.execute(statement.returning(Contract.id)).first() is not None:
            return asked
        if number:
            break
    raise Conflict("contract_number_taken", number=number)


def _write_lines(db: Session, tenant_id: UUID, contract_id: UUID, lines: Sequence[ContractLineInput]) -> None:
    line = ContractLine
    db.execute(
        sa.update(line)
        .where(
            line.tenant_id == tenant_id,
            line.contract_id == contract_id,
            line.line_no.not_in([each.line_no for each in lines]),
        )
        .values(dropped=True)
    )
    if not lines:
        return
    rows = [
        {
            "tenant_id": tenant_id,
            "contract_id": contract_id,
            "line_no": each.line_no,
            "product": each.product,
            "specification": each.specification,
            "unit": each.unit,
            "quantity": each.quantity,
            "unit_price": each.unit_price,
            "dropped": False,
        }
        for each in lines
    ]
    statement = insert(line).values(rows)
    changing = ("product", "specification", "unit", "quantity", "unit_price", "dropped")
    db.execute(
        statement.on_conflict_do_update(
            index_elements=[line.tenant_id, line.contract_id, line.line_no],
            set_={name: statement.excluded[name] for name in changing},
        )
    )


def update_contract(db: Session, actor: Actor, contract_id: UUID, **values: object) -> None:
    """Writes columns of a contract that the caller has locked."""
    contract = Contract
    where = (contract.tenant_id == actor.tenant_id, contract.id == contract_id)
    db.execute(sa.update(contract).where(*where).values(**values))


def record_event(db: Session, actor: Actor, event: str, row: DbRow, **facts: object) -> None:
    """Records a journal event of a contract."""
    data = {"number": row.number, **facts}
    journal.record(db, actor, event, customer_id=row.customer_id, subject_id=row.id, data=data)
