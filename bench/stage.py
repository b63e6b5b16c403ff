"""Setting the stage: a company with customers, open items, paid history and ladder states, by COPY as the owner.

The only place that writes past the product's commands, and only to have something to measure. Invariant: what it
writes is what the commands would have written (entries balance, `open_minor` agrees with the allocations), with ids
made weeks ago, so that nothing looks new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from kernel.actor import Actor
from kernel.clock import moment_on
from kernel.db import enter_tenant, open_session

TODAY = date(2026, 11, 20)  # a working Friday
ZONE = "Asia/Shanghai"
NOW = moment_on(TODAY, ZONE)
STAGED_AT = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
PER_CUSTOMER = 20
PAID_SHARE = 0.5
_slugs = count(1)


@dataclass(frozen=True)
class Stage:
    """A company that is ready to be measured."""

    tenant_id: UUID
    slug: str
    user_id: UUID
    customers: tuple[UUID, ...]
    numbers: tuple[str, ...]

    def actor(self, today: date = TODAY) -> Actor:
        """A person of the company on that day."""
        roles = frozenset({"accountant", "admin"})
        return Actor(
            self.tenant_id, "person", "Bench", moment_on(today, ZONE), today, ZONE, "zh_CN", self.user_id, roles
        )


class Ids:
    """Ascending version 7 ids of a past moment."""

    def __init__(self, at: datetime = STAGED_AT) -> None:
        self._base = int(at.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62
        self._numbers = count(1)

    def __call__(self) -> UUID:
        number = next(self._numbers)
        # 62 low bits hold the counter; a million of them stay within one millisecond's room.
        return UUID(int=self._base | number)


def new_company(policy: str = "five-step") -> tuple[UUID, str, UUID]:
    """A company by the product's own command: (tenant id, slug, user id)."""
    from app.onboarding import create_company
    from tenants.inputs import CreateTenant

    slug = f"bench-{next(_slugs)}"
    data = CreateTenant.model_validate(
        {"slug": slug, "name": f"基准公司 {slug}", "owner_email": f"{slug}@bench.example", "policy": policy}
    )
    with open_session(None) as db:
        tenant_id, user_id = create_company(db, data)
        db.commit()
    return tenant_id, slug, user_id


def stage_customers(url: str, customers: int) -> Stage:
    """A company with customers only."""
    tenant_id, slug, user_id = new_company()
    make = Ids(STAGED_AT - timedelta(days=1))
    ids = tuple(make() for _ in range(customers))
    numbers = tuple(f"K{n:06d}" for n in range(customers))
    terms = json.dumps(
        {
            "base": "invoice",
            "cutoff_day": None,
            "months": 0,
            "days": 30,
            "fixed_pay_days": [],
            "grace_days": 0,
            "roll": "statutory",
        }
    )
    rows = (
        (
            tenant_id,
            id_,
            no,
            f"基准客户{no}有限公司",
            f"jizhunkehu{no}",
            ["基准", no.lower()],
            "company",
            "",
            None,
            "zh_CN",
            None,
            terms,
            0,
            None,
            STAGED_AT,
            STAGED_AT,
        )
        for id_, no in zip(ids, numbers, strict=True)
    )
    with psycopg.connect(url) as owner:
        copy(
            owner,
            "customer",
            "tenant_id, id, number, name, sort_key, search_words, entity_type, tax_id, owner_id, language, timezone, "
            "terms, settlement_days, policy_code, created_at, updated_at",
            rows,
        )
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ANALYZE customer")
    return Stage(tenant_id, slug, user_id, ids, numbers)


def stage_items(url: str, items: int, *, paid: bool = True) -> Stage:
    """A company with `items` open items (PER_CUSTOMER each) and, beside them, paid ones with their receipts."""
    stage = stage_customers(url, max(1, items // PER_CUSTOMER))
    rng, make = Random(7), Ids()  # noqa: S311 - reproducible amounts
    open_rows: list[Any] = []
    entries: list[Any] = []
    postings: list[Any] = []
    allocations: list[Any] = []

    def item(
        customer: UUID, number: str, kind: str, on: date, due: date, minor: int, left: int, cleared: date | None
    ) -> UUID:
        item_id, entry_id = make(), make()
        side = -1 if kind == "receipt" else 1
        debit, credit = (minor, 0) if side > 0 else (0, minor)
        contra = "bank" if side < 0 else "revenue"
        entries.append((stage.tenant_id, entry_id, kind, on, STAGED_AT, "Bench", None, ""))
        postings.append((stage.tenant_id, make(), entry_id, "receivables", customer, "CNY", debit, credit))
        postings.append((stage.tenant_id, make(), entry_id, contra, None, "CNY", credit, debit))
        open_rows.append(
            (
                stage.tenant_id,
                item_id,
                customer,
                entry_id,
                kind,
                side,
                number,
                on,
                due,
                due,
                "CNY",
                minor,
                left,
                cleared,
                None,
                None,
                STAGED_AT,
            )
        )
        return item_id

    for n in range(items):
        customer = stage.customers[n // PER_CUSTOMER % len(stage.customers)]
        due = TODAY - timedelta(days=rng.randint(-20, 100))
        minor = rng.randint(10_000, 90_000_000)
        item(customer, f"XS{n:07d}", "invoice", due - timedelta(days=30), due, minor, minor, None)
        if paid and rng.random() < PAID_SHARE:
            due = TODAY - timedelta(days=rng.randint(1, 240))
            paid_on = min(TODAY, due + timedelta(days=rng.randint(-5, 40)))
            debt = item(customer, f"XP{n:07d}", "invoice", due - timedelta(days=30), due, minor, 0, paid_on)
            cash = item(customer, f"SK{n:07d}", "receipt", paid_on, paid_on, minor, 0, paid_on)
            allocations.append(
                (stage.tenant_id, make(), customer, "CNY", debt, cash, minor, paid_on, STAGED_AT, "Bench", None)
            )
    with psycopg.connect(url) as owner:
        write_ledger(owner, entries, postings, open_rows)
        copy(
            owner,
            "allocation",
            "tenant_id, id, customer_id, currency, debit_item_id, credit_item_id, amount_minor, effective_on, "
            "recorded_at, recorded_by, reverses_id",
            allocations,
        )
    analyze(url)
    return stage


def write_ledger(
    owner: psycopg.Connection[Any], entries: Iterable[Any], postings: Iterable[Any], items: Iterable[Any]
) -> None:
    """COPY of the three tables of the ledger; also the floor of the import."""
    copy(owner, "entry", "tenant_id, id, kind, effective_on, recorded_at, recorded_by, reverses_id, memo", entries)
    copy(
        owner,
        "posting",
        "tenant_id, id, entry_id, account_code, customer_id, currency, debit_minor, credit_minor",
        postings,
    )
    copy(
        owner,
        "open_item",
        "tenant_id, id, customer_id, entry_id, kind, side, document_no, document_on, due_on, collection_end_on, "
        "currency, amount_minor, open_minor, cleared_on, reverses_id, reference, recorded_at, came_on",
        ((*item, item[7] if item[5] < 0 else None) for item in items),  # a credit came on its own date
    )


def stage_ladder(url: str, stage: Stage, next_on: date) -> None:
    """Puts every open invoice at level 1 of the twelve steps, delivered, with its next step on `next_on`.

    The due dates become such that the second level's nominal date is that day.
    """
    with psycopg.connect(url) as owner:
        owner.execute("ALTER TABLE open_item DISABLE TRIGGER open_item_guard")
        owner.execute(
            "UPDATE open_item SET due_on = %s, collection_end_on = %s, document_on = %s"
            " WHERE tenant_id = %s AND open_minor > 0",
            (next_on - timedelta(days=5), next_on - timedelta(days=5), next_on - timedelta(days=35), stage.tenant_id),
        )
        owner.execute("ALTER TABLE open_item ENABLE TRIGGER open_item_guard")
        put = owner.execute(
            "INSERT INTO ladder_state (tenant_id, item_id, policy_version_id, level_reached, waiting,"
            " last_delivered_on, fired, next_on, parked)"
            " SELECT i.tenant_id, i.id, p.id, 1, false, %s, '{}', %s, false FROM open_item i"
            " JOIN policy_version p ON p.tenant_id = i.tenant_id AND p.code = 'twelve-step'"
            " WHERE i.tenant_id = %s AND i.open_minor > 0",
            (next_on - timedelta(days=4), next_on, stage.tenant_id),
        )
        assert put.rowcount > 0
        owner.execute(
            "INSERT INTO day_run (tenant_id, id, run_on, started_at, counts) VALUES (%s, %s, %s, %s, '{}')",
            (stage.tenant_id, Ids(NOW - timedelta(days=1))(), TODAY - timedelta(days=1), NOW - timedelta(days=1)),
        )
    analyze(url)


def analyze(url: str) -> None:
    """VACUUM ANALYZE of what is staged, so that no measurement pays for another's dead rows."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "VACUUM ANALYZE customer, entry, posting, open_item, allocation, ladder_state, step, action, day_run"
        )


def copy(owner: psycopg.Connection[Any], name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY of rows into a table."""
    with owner.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as out:
        for row in rows:
            out.write_row(row)


def session_of(stage: Stage) -> Any:
    """A session of the company, as the product opens one."""
    db = open_session(None)
    enter_tenant(db, stage.tenant_id)
    return db
