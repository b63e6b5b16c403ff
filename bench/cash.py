"""Cash at size: receipts through the command on one and four connections, an account card, a bank file matched.

May import the stages, the ledger and the receipts. Invariant: the floor writes the rows that the product writes, as
the app's role in the same tenant, one commit each.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from ar.customers.models import Customer
from ar.ledger.accounts.card import queries as cards
from ar.ledger.models import OpenItem
from ar.receipts.bank import files as bank_files
from ar.receipts.bank.accounts import add_account
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.matching.commands import accept_sure_matches, match_lines
from ar.receipts.posting.commands import post_receipt
from ar.receipts.posting.inputs import PostReceipt
from bench.books import stage_books
from bench.measure import Result, alternate, timed, watching
from bench.stage import TODAY, Stage, session_of
from kernel.db import engine, transaction
from kernel.ids import new_id
from kernel.money import decimal_text

EACH = 60  # receipts a connection posts in one turn
ROUNDS = 5
CARD_DOCUMENTS = 5_000
BANK_LINES, BANK_ITEMS = 10_000, 50_000
_FORK = multiprocessing.get_context("fork")
Target = tuple[UUID, UUID, str, int]  # item, customer, the customer's number, what is open


def receipts(url: str, _items: int) -> list[Result]:
    """A receipt posted and allocated, one commit each."""
    stage = stage_books(url, 40_000, 20_000, customers=20_000)
    waiting = iter(_targets(stage))
    found = []
    for connections in (1, 4):

        def turn(
            work: Callable[[str, Stage, list[Target]], None], connections: int = connections
        ) -> Callable[[], float]:
            return lambda: _together(url, stage, work, connections, waiting)

        floor_ms, product_ms = alternate(ROUNDS, turn(_bare), turn(_by_command))
        per = connections * EACH
        what = f"receipt posted and allocated, {connections} connection{'s' if connections > 1 else ''}"
        rate = {"receipts_per_s": round(per / product_ms * 1000)}
        found.append(Result(f"receipt_{connections}", what, floor_ms / per, product_ms / per, 3.0, more=rate))
    return found


def _targets(stage: Stage) -> list[Target]:
    i, c = OpenItem, Customer
    with session_of(stage) as db:
        rows = db.execute(
            sa.select(i.id, c.id, c.number, i.open_minor)
            .join(c, sa.and_(c.tenant_id == stage.tenant_id, c.id == i.customer_id))
            .where(i.tenant_id == stage.tenant_id, i.open_minor > 0, i.side == 1)
            .order_by(i.id)
        )
        return [tuple(row) for row in rows]


def _together(
    url: str,
    stage: Stage,
    work: Callable[[str, Stage, list[Target]], None],
    connections: int,
    waiting: Iterator[Target],
) -> float:
    """Seconds until all processes, started at one moment, have posted their receipts."""
    engine().dispose()
    barrier = _FORK.Barrier(connections + 1)
    shares = [[next(waiting) for _ in range(EACH + 1)] for _ in range(connections)]
    made = [_FORK.Process(target=_one, args=(barrier, url, stage, work, share)) for share in shares]
    for each in made:
        each.start()
    barrier.wait()
    started = perf_counter()
    for each in made:
        each.join()
        assert each.exitcode == 0, "a process failed"
    return perf_counter() - started


def _one(barrier: Any, url: str, stage: Stage, work: Any, share: list[Target]) -> None:
    work(url, stage, share[:1])  # connected, warmed up
    barrier.wait()
    work(url, stage, share[1:])


def _by_command(_url: str, stage: Stage, share: list[Target]) -> None:
    for item_id, _customer_id, number, minor in share:
        data = PostReceipt.model_validate(
            {
                "customer_no": number, "received_on": TODAY, "amount": decimal_text(minor, "CNY"), "how": "ticked",
                "parts": [{"item_id": item_id}], "key": str(new_id()),
            }
        )  # fmt: skip
        with transaction(stage.tenant_id) as db:
            post_receipt(db, stage.actor(), data)


_bare_connection: dict[int, psycopg.Connection[Any]] = {}


def _bare(url: str, stage: Stage, share: list[Target]) -> None:
    """The rows that the command writes, by the driver alone, and like it without names that outlive a transaction."""
    import os

    connection = _bare_connection.get(os.getpid())
    if connection is None:
        connection = _bare_connection[os.getpid()] = psycopg.connect(url, prepare_threshold=None)
        connection.execute("SET ROLE huikuan_app")
        connection.commit()
    now, tenant = datetime.now(UTC), stage.tenant_id
    for item_id, customer_id, _number, minor in share:
        entry_id, receipt_id, run = new_id(), new_id(), connection.execute
        run("SELECT enter_tenant(%s)", [tenant])
        run(
            "INSERT INTO idempotency_key (tenant_id, key, request_hash, created_at) VALUES (%s, %s, %s, %s)",
            [tenant, str(new_id()), "x" * 64, now],
        )
        (number,) = run(
            "INSERT INTO tenant_counter (tenant_id, name, value) VALUES (%s, 'receipt:2026', 1)"
            " ON CONFLICT (tenant_id, name) DO UPDATE SET value = tenant_counter.value + 1 RETURNING value",
            [tenant],
        ).fetchone()  # type: ignore[misc]
        run(
            "INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo)"
            " VALUES (%s, %s, 'receipt', %s, %s, 'Bench', '')",
            [tenant, entry_id, TODAY, now],
        )
        run(
            "INSERT INTO posting (tenant_id, id, entry_id, account_code, customer_id, currency, debit_minor,"
            " credit_minor) VALUES (%s, %s, %s, 'bank', NULL, 'CNY', %s, 0),"
            " (%s, %s, %s, 'receivables', %s, 'CNY', 0, %s)",
            [tenant, new_id(), entry_id, minor, tenant, new_id(), entry_id, customer_id, minor],
        )
        run(
            "INSERT INTO open_item (tenant_id, id, customer_id, entry_id, kind, side, document_no, document_on, due_on,"
            " collection_end_on, currency, amount_minor, open_minor, cleared_on, recorded_at, came_on)"
            " VALUES (%s, %s, %s, %s, 'receipt', -1, %s, %s, %s, %s, 'CNY', %s, 0, %s, %s, %s)",
            [tenant, receipt_id, customer_id, entry_id, f"B-{number:06d}", *[TODAY] * 3, minor, TODAY, now, TODAY],
        )
        run(
            "INSERT INTO receipt (tenant_id, id, method, payer_name, payer_account, remittance, designation,"
            " recorded_at, recorded_by) VALUES (%s, %s, 'transfer', '', '', '', '', %s, 'Bench')",
            [tenant, receipt_id, now],
        )
        run(
            "INSERT INTO allocation (tenant_id, id, customer_id, currency, debit_item_id, credit_item_id, amount_minor,"
            " effective_on, recorded_at, recorded_by) VALUES (%s, %s, %s, 'CNY', %s, %s, %s, %s, %s, 'Bench')",
            [tenant, new_id(), customer_id, item_id, receipt_id, minor, TODAY, now],
        )
        run(
            "UPDATE open_item SET open_minor = 0, cleared_on = %s WHERE tenant_id = %s AND id = %s",
            [TODAY, tenant, item_id],
        )
        for kind in ("documents_posted", "documents_allocated"):
            run(
                "INSERT INTO journal_event (tenant_id, id, at, kind, actor_kind, actor_name, customer_id, subject_id,"
                " data) VALUES (%s, %s, %s, %s, 'person', 'Bench', %s, %s, %s)",
                [tenant, new_id(), now, kind, customer_id, receipt_id, json.dumps({"amount_minor": minor})],
            )
        connection.commit()


def account_card(url: str, _items: int) -> list[Result]:
    """The card of one customer, whole; the floor runs the same statements by the driver."""
    found = []
    for documents, limit in ((500, None), (CARD_DOCUMENTS, 2.0)):
        stage = stage_books(url, documents, documents // 10, customers=1)
        asked = cards.CardRequest(stage.customers[0], "CNY", TODAY.replace(year=TODAY.year - 2), TODAY)
        seen: dict[str, Any] = {}

        def product(stage: Stage = stage, asked: cards.CardRequest = asked, seen: dict[str, Any] = seen) -> float:
            with session_of(stage) as db, watching(engine()) as tally:
                spent = timed(lambda: seen.update(card=cards.account_card(db, stage.tenant_id, asked)))()
            seen.update(tally=tally)
            return spent

        def floor(stage: Stage = stage, seen: dict[str, Any] = seen) -> float:
            with session_of(stage) as db:
                connection: Any = db.connection().connection.driver_connection
                told = seen["tally"].statements
                return timed(lambda: [connection.execute(text, values).fetchall() for text, values, _s in told])()

        product()
        floor_ms, product_ms = alternate(ROUNDS, floor, product)
        what = f"account card of {documents:,} documents, {len(seen['card'].lines):,} lines"
        statements = seen["tally"].count
        found.append(Result(f"card_{documents}", what, floor_ms, product_ms, limit, statements, statements_limit=6))
    return found


def bank_file(url: str, _items: int) -> list[Result]:
    """A bank file read, matched and its sure lines booked, at three sizes: seconds, lines a second, memory."""
    return [_bank_file(url, lines) for lines in (BANK_LINES // 4, BANK_LINES // 2, BANK_LINES)]


def _bank_file(url: str, lines: int) -> Result:
    stage = stage_books(url, BANK_ITEMS + 2, BANK_ITEMS, customers=2_500)
    told: Any = _FORK.Queue()
    engine().dispose()
    made = _FORK.Process(target=_take_in, args=(stage, lines, told))
    made.start()
    facts = told.get()
    made.join()
    name, what = f"bank_{lines}", f"bank file of {lines:,} lines against {BANK_ITEMS:,} items"
    return Result(name, what, 0, facts["seconds"] * 1000, None, more=facts)


def _take_in(stage: Stage, lines: int, told: Any) -> None:
    rows = ["交易日期,收入金额,支出金额,对方户名,对方账号,附言"]
    i, c = OpenItem, Customer
    with session_of(stage) as db:
        items = db.execute(
            sa.select(i.document_no, i.open_minor, c.name)
            .join(c, sa.and_(c.tenant_id == stage.tenant_id, c.id == i.customer_id))
            .where(i.tenant_id == stage.tenant_id, i.open_minor > 0)
            .order_by(i.id)
            .limit(lines)
        ).all()
    for n, (number, minor, name) in zip(count(), items, strict=False):
        text = (f"货款 {number}", "货款", "往来")[n % 3]
        rows.append(f"{TODAY},{decimal_text(minor, 'CNY')},,{name if n % 4 else ''},62220000{n % 4000:04d},{text}")
    content = "\n".join(rows).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts: dict[str, Any] = {"lines": lines}
    started = perf_counter()
    with transaction(stage.tenant_id) as db:
        account = add_account(db, stage.actor(), SaveBankAccount(name="Bench", account_no="62220001"))
        file_id, _new = bank_files.upload(db, stage.actor(), BankUpload("bench.csv", content, account), schedule=False)
        bank_files.parse_file(db, stage.actor(), file_id)
    facts["read_s"] = round(perf_counter() - started, 2)
    with transaction(stage.tenant_id) as db:
        matched = match_lines(db, stage.actor(), file_id=file_id)
    facts["matched_s"] = round(perf_counter() - started - facts["read_s"], 2)
    facts |= {"sure": matched.sure, "likely": matched.likely, "by_hand": matched.hand}
    more = True
    while more:
        with transaction(stage.tenant_id) as db:
            more = accept_sure_matches(db, stage.actor()).more
    facts["seconds"] = round(perf_counter() - started, 2)
    facts["lines_per_s"] = round(lines / facts["seconds"])
    facts["memory_mib"] = round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    told.put(facts)
