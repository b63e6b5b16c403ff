"""One build's side of `--against`: prepares work by that build's own product, told line by line on standard input.

Runs in the environment of either build (`python -P bench/side.py`), so it imports the product alone, and only by what
both builds have: the command line, and the few names below that another build calls otherwise. Each line is a JSON list
`[case, units]`; the answer is one JSON object. A case that works by itself says how long it took; one of the worker's
only queues its work.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.cli import main as huikuan
from kernel import mail
from kernel.db import open_session, transaction
from tenants.queries import system_actor_for, tenant_by_slug

SLUG = "against"
MONTH_SLUG = "month"
PAGES_SLUG = "pages"
OPEN_ITEMS, PER_CUSTOMER = 50_000, 20
MONTH_ITEMS = 20_000
BANK_LINES, BANK_LINES_MANY = 20, 10_000
TODAY = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
_numbers = count(1)


def _cli(*arguments: str) -> None:
    huikuan([*arguments], standalone_mode=False)


def _tenant_id(slug: str = SLUG) -> Any:
    with open_session(None) as db:
        return tenant_by_slug(db, slug).id


def _customers(units: int, slug: str = SLUG) -> list[str]:
    """New customers with a contact each, by the import; returns their numbers."""
    numbers = [f"C{next(_numbers):06d}" for _ in range(units)]
    rows = [(number, f"基准客户{number}有限公司", "王芳", f"ar@{number.lower()}.example") for number in numbers]
    _import("customers", ("customer_no", "name", "contact_name", "contact_email"), rows, slug)
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


def _import(kind: str, head: tuple[str, ...], rows: list[tuple[str, ...]], slug: str = SLUG) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        _cli("import", kind, str(path), "--tenant", slug, "--json")


def prepare(slug: str = SLUG) -> None:
    """A company of its own."""
    _cli("tenant", "create", slug, "--name", "基准公司", "--owner", f"owner@{slug}.example", "--json")


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


@cache
def _month_company() -> Any:
    """A company whose open items are of today, so that no statement of the last month is due; returns its id."""
    prepare(MONTH_SLUG)
    _month_documents(_customers(MONTH_ITEMS // PER_CUSTOMER, MONTH_SLUG), TODAY)
    return _tenant_id(MONTH_SLUG)


def _month_documents(customers: list[str], on: date) -> None:
    """Twenty invoices of one day for each customer."""
    head = ("customer_no", "document_no", "document_date", "due_date", "kind", "currency", "amount")
    due = (on + timedelta(days=30)).isoformat()
    rows = [
        (number, f"XS-{number}-{n:02d}", on.isoformat(), due, "invoice", "CNY", f"{1000 + n}.50")
        for number in customers
        for n in range(PER_CUSTOMER)
    ]
    _import("open-items", head, rows, MONTH_SLUG)


def queue_statements(units: int) -> None:
    """Statements of the last month, twenty documents each: drawn up by jobs, each sent by a mail with its paper."""
    tenant_id = _month_company()
    last = TODAY.replace(day=1) - timedelta(days=1)
    _month_documents(_customers(units, MONTH_SLUG), last - timedelta(days=5))
    inputs = _module("ar.statements.inputs")
    parse = getattr(inputs, "parse_period", None) or inputs.read_period
    issue = _module("ar.statements.monthly_run", "ar.statements.months").issue_month
    with transaction(tenant_id) as db:
        planned = issue(db, system_actor_for(db, tenant_id), parse(f"{last:%Y-%m}", TODAY))
    if planned != units:
        raise SystemExit(f"{planned} statements were planned, not {units}")


def _module(*names: str) -> Any:
    """The first module of these that this build has."""
    for name in names:
        with suppress(ModuleNotFoundError):
            return import_module(name)
    raise SystemExit(f"this build has none of {names}")


@cache
def _books() -> list[tuple[str, str]]:
    """A company's open invoices by the import; returns their numbers and customers' names."""
    numbers = _customers(OPEN_ITEMS // PER_CUSTOMER)
    head = ("customer_no", "document_no", "document_date", "due_date", "kind", "currency", "amount")
    rows = []
    for n in range(OPEN_ITEMS):
        due = TODAY - timedelta(days=n * 7 % 120 - 20)
        on, amount = (due - timedelta(days=30)).isoformat(), f"{1000 + n}.50"
        customer = numbers[n // PER_CUSTOMER]
        rows.append((customer, f"XS-{n:07d}", on, due.isoformat(), "invoice", "CNY", amount))
    _import("open-items", head, rows)
    return [(row[1], f"基准客户{row[0]}有限公司") for row in rows]


def _reading(read: Callable[[Any, Any], object], units: int) -> None:
    _books()
    tenant_id = _tenant_id()
    for _ in range(units):
        with transaction(tenant_id) as db:
            read(db, tenant_id)


def read_today(units: int) -> None:
    """The statements of Today."""
    page = _module("ar.reports.today.queries", "ar.reports.today").today_page
    _reading(lambda db, tenant_id: page(db, tenant_id, TODAY, "Asia/Shanghai"), units)


def read_receivables(units: int) -> None:
    """The first 50 rows of the list of receivables with its totals."""
    lists = _module("ar.ledger.receivables.list_queries", "ar.ledger.receivables.queries", "ar.ledger.pages")
    asked = _module("web.paging").PageAsked()
    _reading(
        lambda db, tenant_id: lists.receivables_page(db, tenant_id, lists.ReceivablesFilters(), asked, TODAY), units
    )


def read_cash(units: int) -> None:
    """How far cash is posted: counts that mostly answer 0, on Today and above the review queue."""
    state = _module("ar.receipts.lookups", "ar.receipts.queries").cash_state
    _reading(state, units)


def match_bank_file(units: int, lines: int = BANK_LINES) -> None:
    """Bank files of so many lines each, read and matched against all that is open."""
    books, tenant_id = _books(), _tenant_id()
    files = _module("ar.receipts.bank.files", "ar.receipts.bank_files")
    inputs = _module("ar.receipts.bank.inputs", "ar.receipts.bank_inputs")
    match = _module("ar.receipts.matching.commands", "ar.receipts.matching_commands").match_lines
    with transaction(tenant_id) as db:
        data = inputs.SaveBankAccount(name=f"Bench {next(_numbers)}", account_no=f"6222{next(_numbers):08d}")
        account = _module("ar.receipts.bank.accounts", "ar.receipts.banks").add_account(
            db, system_actor_for(db, tenant_id), data
        )
    for _ in range(units):
        rows = ["交易日期,收入金额,支出金额,对方户名,对方账号,附言"]
        for n in range(lines):
            number, name = books[next(_numbers) * 31 % len(books)]
            text = (f"货款 {number}", "货款", "往来")[n % 3]
            rows.append(f"{TODAY},{1000 + next(_numbers)}.50,,{name if n % 4 else ''},62220000{n:04d},{text}")
        content = "\n".join(rows).encode()
        with transaction(tenant_id) as db:
            actor = system_actor_for(db, tenant_id)
            upload = inputs.BankUpload(f"bench-{next(_numbers)}.csv", content, account)
            file_id, _new = files.upload(db, actor, upload, schedule=False)
            (getattr(files, "parse_file", None) or files.read)(db, actor, file_id)
            match(db, actor, file_id=file_id)


def fill_books(units: int) -> dict[str, str]:
    """The books of the pages over HTTP: open items, paid ones, a run with letters that wait, a statement's link."""
    prepare(PAGES_SLUG)
    numbers = _customers(units // PER_CUSTOMER, PAGES_SLUG)
    head = ("customer_no", "document_no", "document_date", "due_date", "kind", "currency", "amount")
    paid = units // 20
    rows = []
    for n in range(units + paid):
        due = TODAY - timedelta(days=n * 7 % 120 - 20)
        on, amount = (due - timedelta(days=30)).isoformat(), f"{1000 + n}.50"
        rows.append((numbers[n % len(numbers)], f"XS-{n:07d}", on, due.isoformat(), "invoice", "CNY", amount))
    for part in (rows[:units], rows[units:]):  # a file has its most rows
        _import("open-items", head, part, PAGES_SLUG)
    _pay(rows[units:])
    _cli("run-day", "--tenant", PAGES_SLUG, "--json")
    email, password = f"owner@{PAGES_SLUG}.example", "A long enough pass-phrase 7"
    _told(f"{password}\n", "tenant", "set-password", email, "--password-stdin", "--json")
    month = TODAY.replace(day=1) - timedelta(days=1)
    issue = ("statement", "issue", "--tenant", PAGES_SLUG, "--customer", numbers[7], "--period", f"{month:%Y-%m}")
    said = _told("", *issue, "--json")
    link = re.search(r"/p/[A-Za-z0-9_-]+", said)
    if link is None:
        raise SystemExit(f"no link: {said}")
    tenant_id = str(_tenant_id(PAGES_SLUG))
    return {"company": PAGES_SLUG, "tenant": tenant_id, "email": email, "password": password, "portal": link[0]}


def _pay(rows: list[tuple[str, ...]]) -> None:
    """A bank file that pays these documents, each named in its text; what is sure is posted."""
    tenant_id = _tenant_id(PAGES_SLUG)
    inputs = _module("ar.receipts.bank.inputs", "ar.receipts.bank_inputs")
    with transaction(tenant_id) as db:
        data = inputs.SaveBankAccount(name="Bench", account_no="62220001")
        _module("ar.receipts.bank.accounts", "ar.receipts.banks").add_account(db, system_actor_for(db, tenant_id), data)
    lines = ["交易日期,收入金额,支出金额,对方户名,对方账号,附言"]
    lines += [f"{TODAY},{row[6]},,基准客户{row[0]}有限公司,6222{row[0]},货款 {row[1]}" for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        _cli("bank", "import", str(path), "--tenant", PAGES_SLUG, "--account", "62220001", "--json")
    _cli("receipt", "match", "--tenant", PAGES_SLUG, "--accept", "--json")


def _told(typed: str, *arguments: str) -> str:
    """What a command prints, given this on its input."""
    command = [str(Path(sys.executable).with_name("huikuan")), *arguments]
    done = subprocess.run(command, input=typed, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own
    return done.stdout


CASES: dict[str, Callable[[int], object]] = {
    "books": fill_books,
    "today": read_today,
    "receivables": read_receivables,
    "cash": read_cash,
    "bank": match_bank_file,
    "bank-10000": partial(match_bank_file, lines=BANK_LINES_MANY),
    "mail": queue_mails,
    "letter": queue_letters,
    "month": queue_statements,
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
