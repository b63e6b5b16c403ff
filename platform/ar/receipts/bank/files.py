"""Stores bank files, assigns their accounts, imports their lines, and sets lines aside.

Invariants: a file is stored once by its hash, also when uploaded concurrently; its lines, its report and the message
to match them are one commit.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.receipts.bank import line_import
from ar.receipts.bank.inputs import AssignAccount, BankUpload, MappedSource, SetAside
from ar.receipts.bank.line_import import FileReport, Progress, StoredFile
from ar.receipts.bank.movements.matching_jobs import queue_matching
from ar.receipts.bank.table_mapping import KIND, remembered_mapping, table_sample
from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel import outbox, storage, table_mappings
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.sheets import MAX_UPLOAD_BYTES
from kernel.sheets.mapping import ColumnMapping
from kernel.views import DbRow
from tenants.queries import tenant

READ_FILE = "receipts.read_file"
#: States in which a file may be parsed again.
_RESTARTABLE = ("mapping", "asking", "refused")


def upload(db: Session, actor: Actor, file: BankUpload, *, schedule: bool = True) -> tuple[UUID, bool]:
    """Stores a file and queues its parsing; returns (its id, is new).

    The same bytes again return the first file; a refused one, or one waiting for its account, is parsed again. Raises
    RuleBroken(`bank_file_empty`, `table_too_large`), NotFound(`bank_account_not_found`).
    """
    if not file.content.strip():
        raise RuleBroken("bank_file_empty")
    if len(file.content) > MAX_UPLOAD_BYTES:
        raise RuleBroken("table_too_large", most=MAX_UPLOAD_BYTES, found=len(file.content))
    if file.bank_account_id is not None:
        _require_account(db, actor.tenant_id, file.bank_account_id)
    sha256 = storage.store(db, actor, file.content, "application/octet-stream")
    f, file_id = BankFile, new_id()
    inserted = db.execute(
        insert(f)
        .values(_new_file_values(actor, file_id, sha256, file))
        .on_conflict_do_nothing(index_elements=[f.tenant_id, f.sha256])
        .returning(f.id)
    ).scalar_one_or_none()
    if inserted is None:
        return _existing_file(db, actor, sha256, file, schedule), False
    if schedule:
        _schedule(db, actor, file_id, 1)
    record(db, actor, "bank_file_uploaded", subject_id=file_id, data={"file": file.name, "sha256": sha256})
    return file_id, True


def _new_file_values(actor: Actor, file_id: UUID, sha256: str, file: BankUpload) -> dict[str, Any]:
    return {
        "tenant_id": actor.tenant_id,
        "id": file_id,
        "sha256": sha256,
        "filename": file.name,
        "size_bytes": len(file.content),
        "format": "",
        "encoding": "",
        "state": "reading",
        "readings": 1,
        "bank_account_id": file.bank_account_id,
        "lines_total": 0,
        "lines_new": 0,
        "lines_known": 0,
        "lines_bad": 0,
        "mapping": file.mapping,
        "accounts": [],
        "statements": [],
        "problems": [],
        "uploaded_by": actor.name,
        "uploaded_at": actor.now,
    }


def _existing_file(db: Session, actor: Actor, sha256: str, file: BankUpload, schedule: bool) -> UUID:
    """Returns the file stored before; restarts its parsing if it was refused or waits for an account."""
    f = BankFile
    row = db.execute(
        sa.select(f.id, f.state, f.accounts).where(f.tenant_id == actor.tenant_id, f.sha256 == sha256).with_for_update()
    ).one()
    if row.state == "read" and file.bank_account_id is not None:
        _refuse_other_account(db, actor.tenant_id, file.bank_account_id, row.accounts)
    if row.state in _RESTARTABLE:
        _restart_parsing(
            db,
            actor,
            row.id,
            schedule=schedule,
            filename=file.name,
            mapping=file.mapping,
        )
        # What is chosen now goes before what was chosen then, also where it is nothing.
        _update_file(db, actor.tenant_id, row.id, bank_account_id=file.bank_account_id)
    return UUID(str(row.id))


def _refuse_other_account(db: Session, tenant_id: UUID, chosen: UUID, accounts: list[dict[str, Any]]) -> None:
    """Refuses an account that none of the file's lines belong to. Raises RuleBroken(`bank_file_other_account`)."""
    if not accounts or str(chosen) in {each["bank_account_id"] for each in accounts}:
        return
    b = BankAccount
    ours = db.execute(sa.select(b.account_no, b.name).where(b.tenant_id == tenant_id, b.id == chosen)).one()
    raise RuleBroken("bank_file_other_account", found=accounts[0]["account_no"], account=ours.account_no or ours.name)


def parse_again(db: Session, actor: Actor, file_id: UUID) -> None:
    """Queues the parsing of a refused or waiting file again. Raises NotFound, Conflict(`bank_file_not_waiting`)."""
    if _lock_file_state(db, actor.tenant_id, file_id) not in _RESTARTABLE:
        raise Conflict("bank_file_not_waiting")
    _restart_parsing(db, actor, file_id, schedule=True)


def assign_account(db: Session, actor: Actor, file_id: UUID, data: AssignAccount) -> None:
    """Assigns one of our accounts to a number in the file; the last one queues the parsing.

    Raises NotFound, Conflict(`bank_file_not_waiting`), RuleBroken(`bank_account_other_currency`).
    """
    if _lock_file_state(db, actor.tenant_id, file_id) != "asking":
        raise Conflict("bank_file_not_waiting")
    currency = _require_account(db, actor.tenant_id, data.bank_account_id)
    f = BankFile
    stored = sa.select(f.accounts).where(f.tenant_id == actor.tenant_id, f.id == file_id)
    accounts: list[dict[str, Any]] = db.execute(stored).scalar_one()
    named = next((a for a in accounts if (a["account_no"], a["currency"]) == (data.account_no, data.currency)), None)
    if named is None:
        raise NotFound("bank_account_not_found")
    if data.currency != currency and named.get("currency_stated", True):
        raise RuleBroken("bank_account_other_currency", currency=currency, found=data.currency)
    # A file that says no currency is in that of its account.
    named.update(bank_account_id=str(data.bank_account_id), currency=currency, told=True, why_not="")
    _update_file(db, actor.tenant_id, file_id, accounts=accounts)
    if all(each["bank_account_id"] or not each["lines"] for each in accounts):
        _restart_parsing(db, actor, file_id, schedule=True)


def map_columns(db: Session, actor: Actor, file_id: UUID, mapping: ColumnMapping, source: MappedSource) -> None:
    """Stores how the columns of the file are read, for its source as well where asked, and queues its parsing.

    Raises NotFound, Conflict(`bank_file_not_waiting`).
    """
    if _lock_file_state(db, actor.tenant_id, file_id) not in ("mapping", "asking", "refused"):
        raise Conflict("bank_file_not_waiting")
    if source.remember:
        table_mappings.remember(db, actor, KIND, source.fingerprint, mapping, name=source.name)
    _restart_parsing(db, actor, file_id, schedule=True, mapping=mapping.model_dump(mode="json"))
    record(db, actor, "bank_file_mapped", subject_id=file_id)


def parse_file(db: Session, actor: Actor, file_id: UUID, progress: Progress = lambda _lines: None) -> str:
    """Parses a stored file, imports its lines and records the report; returns the file's state.

    A file in another state than `reading` is left unchanged. Raises NotFound(`bank_file_not_found`).
    """
    # One file of a company at a time: the state is selected under the lock, so two workers never parse one file.
    actor = lock_counter(db, actor, "bank_lines")
    f = BankFile
    row = db.execute(
        sa.select(f.sha256, f.filename, f.state, f.bank_account_id, f.accounts, f.mapping).where(
            f.tenant_id == actor.tenant_id, f.id == file_id
        )
    ).first()
    if row is None:
        raise NotFound("bank_file_not_found")
    if row.state != "reading":
        return str(row.state)
    assigned = {
        (each["account_no"], each["currency"]): UUID(each["bank_account_id"]) for each in row.accounts if each["told"]
    }
    content = storage.load(db, actor.tenant_id, row.sha256).content
    stored = StoredFile(
        id=file_id,
        filename=row.filename,
        content=content,
        chosen=row.bank_account_id,
        assigned=assigned,
        currency=tenant(db, actor.tenant_id).currency,
        mapping=row.mapping or remembered_mapping(db, actor.tenant_id, content),
    )
    try:
        with db.begin_nested():
            report = line_import.import_lines(db, actor, stored, progress)
            return _record_report(db, actor, stored, report)
    except HuikuanError as fault:
        record_refusal(db, actor, file_id, fault)
        return "refused"


def record_refusal(db: Session, actor: Actor, file_id: UUID, fault: HuikuanError) -> None:
    """Records why nothing of the file was imported: the reason first, then the problems by line."""
    params = {name: value for name, value in fault.params.items() if name != "problems"}
    found = fault.params.get("problems")
    problems = [{"line": 0, "code": fault.code, "params": params}, *(found if isinstance(found, list) else [])]
    values: dict[str, Any] = {"questions": [], "sample": None}
    values |= {"lines_total": 0, "lines_new": 0, "lines_known": 0, "lines_bad": len(problems) - 1, "statements": []}
    _update_file(db, actor.tenant_id, file_id, state="refused", problems=problems, finished_at=actor.now, **values)
    record(db, actor, "bank_file_refused", subject_id=file_id, data={"reason": fault.code})


def _record_report(db: Session, actor: Actor, file: StoredFile, report: FileReport) -> str:
    state, file_id = "mapping" if report.questions else "asking" if report.needs_account else "read", file.id
    sample = table_sample(file.content, file.filename, file.mapping) if report.questions else None
    _update_file(
        db,
        actor.tenant_id,
        file_id,
        state=state,
        format=report.format,
        encoding=report.encoding,
        lines_total=report.lines_total,
        lines_new=report.lines_new,
        lines_known=report.lines_known if state == "read" else 0,
        lines_bad=report.lines_bad,
        lines_asked=report.lines_asked,
        lines_pending=report.lines_pending,
        accounts=[named.as_json() for named in report.accounts.values()],
        statements=report.statements,
        problems=report.problems,
        questions=report.questions,
        mapping=file.mapping,
        sample=sample.to_json() if sample else None,
        from_on=report.from_on,
        to_on=report.to_on,
        finished_at=actor.now,
    )
    if state == "read":
        counts = {"lines": report.lines_total, "new": report.lines_new, "bad": report.lines_bad}
        record(db, actor, "bank_file_read", subject_id=file_id, data={"file": file.filename, **counts})
        if report.lines_new:
            queue_matching(db, actor, file_id)
    return state


def set_aside(db: Session, actor: Actor, line_id: UUID, data: SetAside) -> None:
    """Sets a line aside: not a customer's payment. Idempotent. Raises NotFound, Conflict(`bank_line_matched`)."""
    line = _lock_line(db, actor.tenant_id, line_id)
    if line.state == "set_aside":
        return
    if line.state != "open":
        raise Conflict("bank_line_matched")
    return_state = "dismissed" if line.return_state == "open" else line.return_state
    _record_decision(db, actor, line_id, "set_aside", data.reason, return_state)
    record(db, actor, "bank_line_set_aside", subject_id=line_id, data={"reason": data.reason})


def reopen_line(db: Session, actor: Actor, line_id: UUID) -> None:
    """Reopens a line that was set aside; a return waits for a decision again. Idempotent.

    Raises NotFound, Conflict (`bank_line_matched`, `return_booked`).
    """
    line = _lock_line(db, actor.tenant_id, line_id)
    if line.state == "open":
        return
    if line.state != "set_aside":
        raise Conflict("bank_line_matched")
    if line.return_state == "booked":
        raise Conflict("return_booked")
    _record_decision(db, actor, line_id, "open", "", "open" if line.return_state == "dismissed" else None)
    record(db, actor, "bank_line_taken_back", subject_id=line_id)


def _record_decision(
    db: Session, actor: Actor, line_id: UUID, state: str, reason: str, return_state: str | None
) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(state=state, reason=reason, return_state=return_state, decided_by=actor.name, decided_at=actor.now)
    )


def _lock_line(db: Session, tenant_id: UUID, line_id: UUID) -> DbRow:
    b = BankLine
    row = db.execute(
        sa.select(b.state, b.return_state).where(b.tenant_id == tenant_id, b.id == line_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound("bank_line_not_found")
    return row


def record_progress(db: Session, tenant_id: UUID, file_id: UUID, lines: int) -> None:
    """Records the number of lines parsed so far."""
    _update_file(db, tenant_id, file_id, lines_total=lines)


def _restart_parsing(db: Session, actor: Actor, file_id: UUID, *, schedule: bool, **values: Any) -> None:
    f = BankFile
    changes = {name: value for name, value in values.items() if value is not None}
    number = db.execute(
        sa.update(f)
        .where(f.tenant_id == actor.tenant_id, f.id == file_id)
        .values(state="reading", readings=f.readings + 1, lines_total=0, finished_at=None, **changes)
        .returning(f.readings)
    ).scalar_one()
    if schedule:
        _schedule(db, actor, file_id, number)


def _schedule(db: Session, actor: Actor, file_id: UUID, number: int) -> None:
    outbox.put(db, actor, READ_FILE, {"bank_file_id": str(file_id)}, key=f"{READ_FILE}:{file_id}:{number}")


def _lock_file_state(db: Session, tenant_id: UUID, file_id: UUID) -> str:
    f = BankFile
    state = db.execute(
        sa.select(f.state).where(f.tenant_id == tenant_id, f.id == file_id).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound("bank_file_not_found")
    return state


def _require_account(db: Session, tenant_id: UUID, account_id: UUID) -> str:
    b = BankAccount
    currency = db.execute(
        sa.select(b.currency).where(b.tenant_id == tenant_id, b.id == account_id)
    ).scalar_one_or_none()
    if currency is None:
        raise NotFound("bank_account_not_found")
    return currency


def _update_file(db: Session, tenant_id: UUID, file_id: UUID, **values: Any) -> None:
    f = BankFile
    db.execute(sa.update(f).where(f.tenant_id == tenant_id, f.id == file_id).values(**values))
