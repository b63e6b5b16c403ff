"""One build's side of `--against`: prepares work by that build's own product, told line by line on standard input.

Runs in the environment of either build (`python -P bench/side.py`), so it imports the product alone, and only by what
both builds have: the command line, and the few names below that another build calls otherwise. Each line is a JSON list
`[case, units]`; the answer is one JSON object. A case that works by itself says how long it took; one of the worker's
only queues its work.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.cli import main as huikuan
from kernel import mail
from kernel.db import open_session, transaction
from tenants.queries import system_actor_for, tenant_by_slug

SLUG = "against"
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
_numbers = count(1)


def _cli(*arguments: str) -> None:
    huikuan([*arguments], standalone_mode=False)


def _tenant_id() -> Any:
    with open_session(None) as db:
        return tenant_by_slug(db, SLUG).id


def _customers(units: int) -> list[str]:
    """New customers with a contact each, by the import; returns their numbers."""
    numbers = [f"C{next(_numbers):06d}" for _ in range(units)]
    rows = [(number, f"基准客户{number}有限公司", "王芳", f"ar@{number.lower()}.example") for number in numbers]
    _import("customers", ("customer_no", "name", "contact_name", "contact_email"), rows)
    return numbers


def _documents(customers: list[str], days_late: int) -> None:
    """An invoice for each customer, due some days ago."""
    due = TODAY - timedelta(days=days_late)
    head = ("customer_no", "document_no", "document_date", "due_date", "kind", "currency", "amount")
    rows = [
        (number, f"XS-{number}", (due - timedelta(days=30)).isoformat(), due.isoformat(), "invoice", "CNY", "12800.50")
        for number in customers
    ]
    _import("open-items", head, rows)


def _import(kind: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        _cli("import", kind, str(path), "--tenant", SLUG, "--json")


def prepare() -> None:
    """A company of its own."""
    _cli("tenant", "create", SLUG, "--name", "基准公司", "--owner", "owner@against.example", "--json")


def queue_mails(units: int) -> None:
    """Plain mails of two lines, without papers."""
    letter = getattr(mail, "OutgoingMail", None) or mail.Letter  # type: ignore[attr-defined]
    tenant_id = _tenant_id()
    with transaction(tenant_id) as db:
        actor = system_actor_for(db, tenant_id)
        for _ in range(units):
            words = {"subject": "对账单已备好", "body_text": "请查收。\n"}
            made = letter(to_address=f"ar@{next(_numbers)}.example", to_name="李娜", from_name="伟业电子", **words)
            mail.queue_mail(db, actor, made, purpose="bench")


def queue_letters(units: int) -> None:
    """Letters of demand as a person releases them: one job prints them together, each goes by a mail with its paper."""
    from dataclasses import replace

    from ar.cases import commands

    release = getattr(commands, "release_letters", None) or commands.approve_all  # type: ignore[attr-defined]
    _documents(_customers(units), days_late=3)
    _cli("run-day", "--tenant", SLUG, "--json")
    tenant_id = _tenant_id()
    with transaction(tenant_id) as db:
        actor = replace(system_actor_for(db, tenant_id), roles=frozenset({"accountant", "finance_director"}))
        released = release(db, actor)
    if released != units:
        raise SystemExit(f"{released} letters were released, not {units}")


CASES: dict[str, Callable[[int], object]] = {
    "mail": queue_mails,
    "letter": queue_letters,
}


def main() -> None:
    """Answers each line until standard input ends."""
    said, sys.stdout = sys.stdout, sys.stderr
    prepare()
    print(json.dumps({"ready": True}), file=said, flush=True)
    for line in sys.stdin:
        case, units = json.loads(line)
        result = CASES[case](units)
        print(json.dumps({"result": result}), file=said, flush=True)


if __name__ == "__main__":
    main()
