"""Taking a bank file in, saying whose account it is, and noting what its reading found.

May import bank_reading, models and the kernel. Invariants: a file is kept once by its hash, however often and however
many at once it is uploaded; its lines, its report and the word to match them are one commit.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ar.receipts.bank import loading as bank_reading
from ar.receipts.bank.inputs import AssignAccount, BankUpload, SetAside
from ar.receipts.bank.loading import Progress, Reading, StoredFile
from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel import outbox, storage
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, HuikuanError, NotFound, RuleBroken
from kernel.ids import new_id
from kernel.journal import record
from kernel.sheets import MAX_UPLOAD_BYTES
from tenants.queries import tenant

READ_FILE = "receipts.read_file"
MATCH = "receipts.match"
#: States from which a file may be read again.
_UNREAD = ("asking", "refused")


def upload(db: Session, actor: Actor, file: BankUpload, *, schedule: bool = True) -> tuple[UUID, bool]:
    """Stores a file and has it read: (its id, whether it is new here).

    The same bytes again give the first file; one that was refused or waits for its account is read anew. Raises
    RuleBroken(`bank_file_empty`, `table_too_large`), NotFound for a foreign account.
    """
    if not file.content.strip():
        raise RuleBroken("bank_file_empty")
    if len(file.content) > MAX_UPLOAD_BYTES:
        raise RuleBroken("table_too_large", most=MAX_UPLOAD_BYTES, found=len(file.content))
    if file.bank_account_id is not None:
        _require_account(db, actor.tenant_id, file.bank_account_id)
    sha256 = storage.store(db, actor, file.content, "application/octet-stream")
    f, file_id = BankFile, new_id()
    made = db.execute(
        insert(f)
        .values(_first_values(actor, file_id, sha256, file))
        .on_conflict_do_nothing(index_elements=[f.tenant_id, f.sha256])
        .returning(f.id)
    ).scalar_one_or_none()
    if made is None:
        return _again(db, actor, sha256, file, schedule), False
    if schedule:
        _schedule(db, actor, file_id, 1)
    record(db, actor, "bank_file_uploaded", subject_id=file_id, data={"file": file.name, "sha256": sha256})
    return file_id, True


def _first_values(actor: Actor, file_id: UUID, sha256: str, file: BankUpload) -> dict[str, Any]:
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
        "accounts": [],
        "statements": [],
        "problems": [],
        "uploaded_by": actor.name,
        "uploaded_at": actor.now,
    }


def _again(db: Session, actor: Actor, sha256: str, file: BankUpload, schedule: bool) -> UUID:
    """The file that is here already; what could not be read before gets another reading."""
    f = BankFile
    row = db.execute(
        sa.select(f.id, f.state).where(f.tenant_id == actor.tenant_id, f.sha256 == sha256).with_for_update()
    ).one()
    if row.state in _UNREAD:
        _restart(db, actor, row.id, schedule=schedule, bank_account_id=file.bank_account_id, filename=file.name)
    return UUID(str(row.id))


def read_again(db: Session, actor: Actor, file_id: UUID) -> None:
    """Has a file read once more that was refused or waits. Raises NotFound, Conflict(`bank_file_not_waiting`)."""
    if _locked_state(db, actor.tenant_id, file_id) not in _UNREAD:
        raise Conflict("bank_file_not_waiting")
    _restart(db, actor, file_id, schedule=True)


def assign_account(db: Session, actor: Actor, file_id: UUID, data: AssignAccount) -> None:
    """Says whose account a number in the file is; when none is left open the file is read.

    Raises NotFound, Conflict(`bank_file_not_waiting`), RuleBroken(`bank_account_other_currency`).
    """
    if _locked_state(db, actor.tenant_id, file_id) != "asking":
        raise Conflict("bank_file_not_waiting")
    currency = _require_account(db, actor.tenant_id, data.bank_account_id)
    if data.currency != currency:
        raise RuleBroken("bank_account_other_currency", currency=currency, found=data.currency)
    f = BankFile
    mine = sa.select(f.accounts).where(f.tenant_id == actor.tenant_id, f.id == file_id)
    accounts: list[dict[str, Any]] = db.execute(mine).scalar_one()
    named = next((a for a in accounts if (a["account_no"], a["currency"]) == (data.account_no, data.currency)), None)
    if named is None:
        raise NotFound("bank_account_not_found")
    named.update(bank_account_id=str(data.bank_account_id), told=True, why_not="")
    _note(db, actor.tenant_id, file_id, accounts=accounts)
    if all(each["bank_account_id"] or not each["lines"] for each in accounts):
        _restart(db, actor, file_id, schedule=True)


def read(db: Session, actor: Actor, file_id: UUID, progress: Progress = lambda _lines: None) -> str:
    """Reads a stored file and notes what came of it; returns its state. What is not waiting is left as it is."""
    # One reading of a company at a time: the state is asked behind the gate, so two workers never read one file twice.
    lock_counter(db, actor.tenant_id, "bank_lines")
    f = BankFile
    row = db.execute(
        sa.select(f.sha256, f.filename, f.state, f.bank_account_id, f.accounts).where(
            f.tenant_id == actor.tenant_id, f.id == file_id
        )
    ).first()
    if row is None:
        raise NotFound("bank_file_not_found")
    if row.state != "reading":
        return str(row.state)
    told = {
        (each["account_no"], each["currency"]): UUID(each["bank_account_id"]) for each in row.accounts if each["told"]
    }
    content = storage.load(db, actor.tenant_id, row.sha256).content
    stored = StoredFile(
        id=file_id,
        filename=row.filename,
        content=content,
        chosen=row.bank_account_id,
        told=told,
        currency=tenant(db, actor.tenant_id).currency,
    )
    try:
        with db.begin_nested():
            reading = bank_reading.read_into(db, actor, stored, progress)
            return _note_reading(db, actor, file_id, row.filename, reading)
    except HuikuanError as fault:
        note_refused(db, actor, file_id, fault)
        return "refused"


def note_refused(db: Session, actor: Actor, file_id: UUID, fault: HuikuanError) -> None:
    """Stores why nothing of the file was read: the reason first, then the lines."""
    params = {name: value for name, value in fault.params.items() if name != "problems"}
    found = fault.params.get("problems")
    problems = [{"line": 0, "code": fault.code, "params": params}, *(found if isinstance(found, list) else [])]
    values = {"lines_total": 0, "lines_new": 0, "lines_known": 0, "lines_bad": len(problems) - 1, "statements": []}
    _note(db, actor.tenant_id, file_id, state="refused", problems=problems, finished_at=actor.now, **values)
    record(db, actor, "bank_file_refused", subject_id=file_id, data={"reason": fault.code})


def _note_reading(db: Session, actor: Actor, file_id: UUID, filename: str, reading: Reading) -> str:
    state = "asking" if reading.asks else "read"
    _note(
        db,
        actor.tenant_id,
        file_id,
        state=state,
        format=reading.format,
        encoding=reading.encoding,
        lines_total=reading.lines_total,
        lines_new=reading.lines_new,
        lines_known=0 if reading.asks else reading.lines_known,
        lines_bad=reading.lines_bad,
        accounts=[named.to_json() for named in reading.accounts.values()],
        statements=reading.statements,
        problems=reading.problems,
        from_on=reading.from_on,
        to_on=reading.to_on,
        finished_at=actor.now,
    )
    if state == "read":
        counts = {"lines": reading.lines_total, "new": reading.lines_new, "bad": reading.lines_bad}
        record(db, actor, "bank_file_read", subject_id=file_id, data={"file": filename, **counts})
        if reading.lines_new:
            outbox.put(db, actor, MATCH, {"bank_file_id": str(file_id)}, key=f"{MATCH}:{file_id}:{new_id()}")
    return state


def set_aside(db: Session, actor: Actor, line_id: UUID, data: SetAside) -> None:
    """Says that a line is not a customer's money; twice: once. Raises NotFound, Conflict(`bank_line_matched`)."""
    state = _line_state(db, actor.tenant_id, line_id)
    if state == "set_aside":
        return
    if state != "open":
        raise Conflict("bank_line_matched")
    _decide(db, actor, line_id, "set_aside", data.reason)
    record(db, actor, "bank_line_set_aside", subject_id=line_id, data={"reason": data.reason})


def take_back(db: Session, actor: Actor, line_id: UUID) -> None:
    """Puts a line that was set aside among the open ones again. Raises NotFound, Conflict(`bank_line_matched`)."""
    state = _line_state(db, actor.tenant_id, line_id)
    if state == "open":
        return
    if state != "set_aside":
        raise Conflict("bank_line_matched")
    _decide(db, actor, line_id, "open", "")
    record(db, actor, "bank_line_taken_back", subject_id=line_id)


def _decide(db: Session, actor: Actor, line_id: UUID, state: str, reason: str) -> None:
    b = BankLine
    db.execute(
        sa.update(b)
        .where(b.tenant_id == actor.tenant_id, b.id == line_id)
        .values(state=state, reason=reason, decided_by=actor.name, decided_at=actor.now)
    )


def _line_state(db: Session, tenant_id: UUID, line_id: UUID) -> str:
    b = BankLine
    state = db.execute(
        sa.select(b.state).where(b.tenant_id == tenant_id, b.id == line_id).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound("bank_line_not_found")
    return state


def note_progress(db: Session, tenant_id: UUID, file_id: UUID, lines: int) -> None:
    """How many lines were read so far."""
    _note(db, tenant_id, file_id, lines_total=lines)


def _restart(db: Session, actor: Actor, file_id: UUID, *, schedule: bool, **values: Any) -> None:
    f = BankFile
    given = {name: value for name, value in values.items() if value is not None}
    number = db.execute(
        sa.update(f)
        .where(f.tenant_id == actor.tenant_id, f.id == file_id)
        .values(state="reading", readings=f.readings + 1, lines_total=0, finished_at=None, **given)
        .returning(f.readings)
    ).scalar_one()
    if schedule:
        _schedule(db, actor, file_id, number)


def _schedule(db: Session, actor: Actor, file_id: UUID, number: int) -> None:
    outbox.put(db, actor, READ_FILE, {"bank_file_id": str(file_id)}, key=f"{READ_FILE}:{file_id}:{number}")


def _locked_state(db: Session, tenant_id: UUID, file_id: UUID) -> str:
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


def _note(db: Session, tenant_id: UUID, file_id: UUID, **values: Any) -> None:
    f = BankFile
    db.execute(sa.update(f).where(f.tenant_id == tenant_id, f.id == file_id).values(**values))
