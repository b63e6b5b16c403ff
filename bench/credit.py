"""Credit and sales at size: exposure of one and of all, a shipment decided and written, the nightly signals.

May import the stages, credit and sales. Invariants: a floor runs the product's own statements by the driver alone, in
the same tenant under the app's role, or, of all customers, one plain GROUP BY over the same rows.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg

from app.registry import install
from ar.credit.exposure.listing import limits_page
from ar.credit.lookups import credit_policy, customer_accounts
from ar.credit.signals.running import run_signals
from ar.sales.deliveries.inputs import ShipDelivery
from ar.sales.deliveries.shipping import ship_delivery
from bench.credit_stage import good_customers, stage_credit
from bench.daily_run import slowest
from bench.measure import Result, alternate, alternate_cpu, cpu_s, watching
from bench.stage import STAGED_AT, TODAY, Stage, copy, session_of
from kernel.arrays import array_text
from kernel.db import engine, transaction
from kernel.ids import new_id

ROUNDS = 5
TURNS = 300  # of a few milliseconds each
#: Shipments of one connection in one turn.
EACH = 12
LINES = 3
ROWS_SHOWN = 50
_FORK = multiprocessing.get_context("fork")
_GROUP_BY = """
    SELECT customer_id, currency, sum(minor) FROM (
        SELECT customer_id, currency, open_minor AS minor FROM open_item WHERE tenant_id = %(tenant)s AND open_minor > 0
        UNION ALL
        SELECT customer_id, currency, released_minor + shipped_minor + signed_minor FROM commitment
        WHERE tenant_id = %(tenant)s
    ) AS owed GROUP BY customer_id, currency
"""
Statement = tuple[str, Any]
_COMMITMENT = "tenant_id, order_id, customer_id, currency, released_minor, shipped_minor, signed_minor, prepaid"
_ORDER = (
    "tenant_id, id, number, customer_id, their_number, ordered_on, currency, total_minor, term_days, prepaid, note, "
    "state, is_history, recorded_at, recorded_by, released_at"
)
_ORDER_LINE = "tenant_id, order_id, line_no, product, unit, quantity, unit_price, tax_rate_bps, amount_minor"
_NOTE = (
    "tenant_id, id, number, order_id, customer_id, mode, state, amount_minor, carrier, tracking_no, picker_up, "
    "planned_on, is_history, held_codes, recorded_at, recorded_by"
)
_NOTE_LINE = "tenant_id, delivery_id, position, order_id, order_line_no, quantity, amount_minor, batch"


def exposure(url: str, items: int) -> list[Result]:
    """The exposure of one customer, and who is over the limit of all; by processor time."""
    stage = stage_credit(url, items)
    one = iter(_around(stage.customers))
    told: dict[str, Any] = {}

    def product() -> float:
        with session_of(stage) as db:
            backend = _backend(db)
            policy, customer_id = credit_policy(db, stage.tenant_id), next(one)
            start = cpu_s(backend)
            found = customer_accounts(db, stage.tenant_id, [customer_id], policy, today=TODAY)
            spent = cpu_s(backend) - start
            assert len(found.own) == 1
            return spent

    def bare() -> float:
        with session_of(stage) as db:
            backend, customer_id = _backend(db), next(one)
            statements = [(text, _asked(values, customer_id), spent) for text, values, spent in told["one"].statements]
            start = cpu_s(backend)
            _replay(db, statements)
            return cpu_s(backend) - start

    told["one"], told["ms"] = _watched(stage, [next(one)])
    floor_ms, product_ms = alternate_cpu(TURNS, bare, product)
    results = [
        Result(
            "exposure_one",
            "exposure of one customer",
            floor_ms,
            product_ms,
            2,
            statements=told["one"].count,
            statements_limit=3,
            more={"sql ms": told["ms"], "slowest": slowest(told["one"])},
        )
    ]

    def everybody() -> float:
        with session_of(stage) as db:
            backend = _backend(db)
            start = cpu_s(backend)
            found = limits_page(
                db, stage.tenant_id, TODAY, state="over", q="", sort="-used", offset=0, limit=ROWS_SHOWN
            )
            spent = cpu_s(backend) - start
            assert len(found.rows) == min(ROWS_SHOWN, found.total)
            assert found.total > 0
            return spent

    def plain() -> float:
        with session_of(stage) as db, db.connection().connection.cursor() as cursor:
            backend = _backend(db)
            start = cpu_s(backend)
            cursor.execute(_GROUP_BY, {"tenant": stage.tenant_id})
            cursor.fetchall()
            return cpu_s(backend) - start

    floor_ms, product_ms = alternate_cpu(ROUNDS, plain, everybody)
    with watching(engine()) as tally:
        everybody()
    results.append(
        Result(
            "exposure_all",
            f"who is over the limit of {len(stage.customers):,} customers: how many, and the first page",
            floor_ms,
            product_ms,
            1.5,
            statements=tally.count,
            statements_limit=13,
            more={"slowest": slowest(tally)},
        )
    )
    return results


def _backend(db: Any) -> int:
    """The process of PostgreSQL behind a session."""
    return int(db.connection().connection.driver_connection.info.backend_pid)


def _watched(stage: Stage, customer_ids: list[UUID]) -> tuple[Any, float]:
    """The statements of one exposure, and their milliseconds at best, of several turns."""
    best = None
    for _turn in range(10):
        with session_of(stage) as db:
            db.connection()
            policy = credit_policy(db, stage.tenant_id)
            with watching(engine()) as tally:
                customer_accounts(db, stage.tenant_id, customer_ids, policy, today=TODAY)
        best = tally if best is None or tally.database_s < best.database_s else best
    assert best is not None
    return best, round(best.database_s * 1000, 2)


def _asked(values: Any, customer_id: UUID) -> Any:
    return {name: array_text([customer_id]) if name.startswith("customers") else each for name, each in values.items()}


def signals(url: str, items: int) -> list[Result]:
    """The nightly look for danger signals at every customer; rolled back."""
    install()
    stage = stage_credit(url, items)
    told: dict[str, Any] = {}

    def product() -> float:
        with session_of(stage) as db:
            db.connection()
            with watching(engine()) as tally:
                start = perf_counter()
                run_signals(db, stage.actor())
                spent = perf_counter() - start
            told.update(tally=tally, spent=spent)
            db.rollback()
            return spent

    def selects() -> float:
        with session_of(stage) as db:
            only = [
                each for each in told["tally"].statements if each[0].lstrip().upper().startswith(("SELECT", "WITH"))
            ]
            return _replay(db, only)

    product()
    floor_ms, product_ms = alternate(ROUNDS, selects, product)
    tally = told["tally"]
    return [
        Result(
            "signals",
            f"danger signals of {len(stage.customers):,} customers",
            floor_ms,
            product_ms,
            3,
            statements=tally.count,
            python_ms=(told["spent"] - tally.database_s) * 1000,
            more={"slowest": slowest(tally)},
        )
    ]


def shipments(url: str, items: int) -> list[Result]:
    """A delivery decided and shipped, one commit each, by 1 and by 8 processes, beside its own statements alone."""
    install()
    stage = stage_credit(url, items)
    found = []
    for connections in (1, 8):
        notes = iter(_planned(url, stage, connections * (EACH + 1) * (ROUNDS + 1) * 2 + 1))
        recorded = _recorded(stage, next(notes))

        def turn(
            work: Callable[[str, Stage, list[Note], list[Statement]], None],
            connections: int = connections,
            notes: Iterator[Note] = notes,
            recorded: list[Statement] = recorded,
        ) -> Callable[[], float]:
            return lambda: _together(url, stage, work, connections, notes, recorded)

        floor_ms, product_ms = alternate(ROUNDS, turn(_bare), turn(_by_command))
        per = connections * EACH
        what = f"shipment decided and written, {connections} connection{'s' if connections > 1 else ''}"
        more = {"shipments_per_s": round(per / product_ms * 1000)}
        found.append(
            Result(
                f"ship_{connections}", what, floor_ms / per, product_ms / per, 2.5, statements=len(recorded), more=more
            )
        )
    return found


#: Customer, order, delivery.
Note = tuple[UUID, UUID, UUID]


def _planned(url: str, stage: Stage, count: int) -> list[Note]:
    """Writes released orders of LINES lines, each with a planned note of all of it, of customers in turn."""
    tenant, total = stage.tenant_id, LINES * 1_000
    orders, lines, notes, note_lines, commitments, found = [], [], [], [], [], list[Note]()
    for customer in islice(_around(good_customers(stage)), count):
        order_id, note_id = new_id(), new_id()
        found.append((customer, order_id, note_id))
        head = (customer, "", TODAY, "CNY", total, 30, False, "", "released", True)
        orders.append((tenant, order_id, f"SO-{order_id}", *head, STAGED_AT, "Bench", STAGED_AT))
        note = (customer, "direct", "planned", total, "", "", "", TODAY, False, "[]")
        notes.append((tenant, note_id, f"DN-{note_id}", order_id, *note, STAGED_AT, "Bench"))
        commitments.append((tenant, order_id, customer, "CNY", total, 0, 0, False))
        for at in range(1, LINES + 1):
            lines.append((tenant, order_id, at, "P", "pc", Decimal(1), Decimal(10), None, 1_000))
            note_lines.append((tenant, note_id, at, order_id, at, Decimal(1), 1_000, ""))
    with psycopg.connect(url) as owner:
        copy(owner, "sales_order", _ORDER, orders)
        copy(owner, "sales_order_line", _ORDER_LINE, lines)
        copy(owner, "delivery", _NOTE, notes)
        copy(owner, "delivery_line", _NOTE_LINE, note_lines)
        copy(owner, "commitment", _COMMITMENT, commitments)
    return found


def _recorded(stage: Stage, note: Note) -> list[Statement]:
    """Ships a note and returns the statements of it, with the ids of the note marked for replacement."""
    with transaction(stage.tenant_id) as db:
        db.connection()
        with watching(engine()) as tally:
            _ship(db, stage, note)
    names = dict(zip(note, ("customer", "order", "delivery"), strict=True))
    return [(statement, _marked(parameters, names)) for statement, parameters, _spent in tally.statements]


def _marked(value: Any, names: dict[UUID, str]) -> Any:
    """Returns parameters with the ids of a note by name, and any other id that is written marked as a new one."""
    if isinstance(value, dict):
        return {name: _marked(each, names) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_marked(each, names) for each in value]
    if isinstance(value, UUID):
        return names.get(value, value)
    return value


def _filled(value: Any, ids: dict[str, UUID], known: dict[UUID, UUID], tenant_id: UUID) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, ids, known, tenant_id) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, ids, known, tenant_id) for each in value]
    if isinstance(value, str) and value in ids:
        return ids[value]
    if isinstance(value, UUID) and value != tenant_id:
        return known.setdefault(value, new_id())
    return value


def _ship(db: Any, stage: Stage, note: Note) -> None:
    decision = ship_delivery(db, stage.actor(), note[2], ShipDelivery())
    if not decision.passes:
        # Whether it leaves or not, the decision costs the same; the bench wants those that leave.
        raise AssertionError([reason.code for reason in decision.reasons])


def _by_command(_url: str, stage: Stage, share: list[Note], _recorded: list[Statement]) -> None:
    for note in share:
        with transaction(stage.tenant_id) as db:
            _ship(db, stage, note)


def _bare(_url: str, stage: Stage, share: list[Note], recorded: list[Statement]) -> None:
    for customer, order, delivery in share:
        ids = {"customer": customer, "order": order, "delivery": delivery}
        known: dict[UUID, UUID] = {}
        with transaction(stage.tenant_id) as db, db.connection().connection.cursor() as cursor:
            for statement, parameters in recorded:
                given = _filled(parameters, ids, known, stage.tenant_id)
                if isinstance(given, list) and given and isinstance(given[0], dict):
                    cursor.executemany(statement, given)
                    continue
                cursor.execute(statement, given)
                if cursor.description is not None:
                    cursor.fetchall()


def _together(
    url: str,
    stage: Stage,
    work: Callable[[str, Stage, list[Note], list[Statement]], None],
    connections: int,
    waiting: Iterator[Note],
    recorded: list[Statement],
) -> float:
    """Seconds until all processes, started at one moment, have shipped their notes."""
    engine().dispose()
    barrier = _FORK.Barrier(connections + 1)
    shares = [[next(waiting) for _ in range(EACH + 1)] for _ in range(connections)]
    made = [_FORK.Process(target=_one, args=(barrier, url, stage, work, share, recorded)) for share in shares]
    for each in made:
        each.start()
    barrier.wait()
    started = perf_counter()
    for each in made:
        each.join()
        assert each.exitcode == 0, "a process failed"
    return perf_counter() - started


def _one(barrier: Any, url: str, stage: Stage, work: Any, share: list[Note], recorded: list[Statement]) -> None:
    work(url, stage, share[:1], recorded)  # connected, warmed up
    barrier.wait()
    work(url, stage, share[1:], recorded)


def _replay(db: Any, statements: list[tuple[str, Any, float]]) -> float:
    """Seconds of the same statements by the driver alone, rows fetched."""
    with db.connection().connection.cursor() as cursor:
        start = perf_counter()
        for statement, parameters, _spent in statements:
            cursor.execute(statement, parameters)
            if cursor.description is not None:
                cursor.fetchall()
        return perf_counter() - start


def _around(customers: tuple[UUID, ...]) -> Iterator[UUID]:
    while True:
        yield from customers
