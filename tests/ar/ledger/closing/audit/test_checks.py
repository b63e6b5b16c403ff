"""The nightly examination: sound books are found sound, a tampered row is named and left as it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from app import dispatcher
from ar.ledger.books.allocation_reversal import reverse_allocation
from ar.ledger.books.posting import NewItem, post_entry, post_items, reverse_entry
from ar.ledger.books.reversal import reverse_item
from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.closing.audit.models import DoctorRun
from ar.ledger.closing.audit.runs import EXAMINE, examination_runs, request_examination
from ar.ledger.closing.commands import lock_through
from kernel.journal import JournalEvent
from kernel.settings import settings
from tests.support.delivery import drain
from tests.support.world import TODAY, World

MARCH = date(2026, 3, 31)


@pytest.fixture
def furnished(world: World) -> World:
    """One of everything that the ledger can hold, through its own commands, with March locked."""
    customer = world.customer()
    actor = world.actor(TODAY)
    on, due = date(2026, 3, 1), date(2026, 4, 1)

    def item(kind: str, number: str, amount: int, **more: object) -> NewItem:
        due_on = on if kind in ("receipt", "bad_debt", "credit_note") else due
        return NewItem(customer, kind, number, on, due_on, due_on, "CNY", amount, **more)  # type: ignore[arg-type]

    with world.transaction() as db:
        ids = post_items(
            db,
            actor,
            [
                item(
                    "invoice", "TAXED", 113_00, tax_minor=13_00, discount_bps=200, discount_until_on=date(2026, 3, 11)
                ),
                item("invoice", "PARTS", 50_00, instalment_no=1),
                item("invoice", "PARTS", 60_00, instalment_no=2),
                item("receipt", "RC-1", 40_00),
                item("receipt", "RC-2", 60_00),
                item("bad_debt", "BD-1", 20_00),
                item("invoice", "WRONG", 9_00),
                item("recovery", "RV-1", 5_00),
            ],
        )
    world.allocate(ids[0], ids[3], minor=40_00)
    back = world.allocate(ids[1], ids[4], minor=50_00)
    world.allocate(ids[2], ids[5], minor=20_00)
    with world.transaction() as db:
        reverse_allocation(db, actor, back)
        reverse_item(db, actor, ids[6])
        legs = [("allowance", "CNY", 0, 7_00), ("bad_debt_expense", "CNY", 7_00, 0)]
        provision = post_entry(db, actor, "provision", on, legs, memo="")
        reverse_entry(db, actor, provision, date(2026, 4, 1), memo="")
    with world.transaction() as db:
        lock_through(db, actor, MARCH)
    world.invoice(customer, number="APRIL", on=date(2026, 4, 2), minor=3_00, currency="USD")
    return world


def findings(world: World) -> dict[str, str]:
    with world.reading() as db:
        return {check.name: check.detail for check in ledger_checks(db, world.tenant_id) if not check.ok}


TABLES = (
    "entry",
    "posting",
    "open_item",
    "allocation",
    "period_balance",
    "books_state",
    "refund",
    "interest_waiver",
    "accessory_part",
)


def tamper(tenant_id: UUID, statement: str, *values: object) -> None:
    """Changes a row as only the owner of the tables can, with the triggers turned off."""
    url = settings().database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        connection.execute("SELECT enter_tenant(%s)", [tenant_id])
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")  # type: ignore[arg-type]
        assert connection.execute(statement, [tenant_id, *values]).rowcount  # type: ignore[arg-type]
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")  # type: ignore[arg-type]


def test_books_with_one_of_everything_are_sound(furnished: World) -> None:
    assert findings(furnished) == {}


LEG = (
    "UPDATE posting SET {} WHERE tenant_id = %s"
    " AND entry_id = (SELECT i.entry_id FROM open_item i WHERE i.tenant_id = posting.tenant_id"
    " AND i.document_no = '{}' LIMIT 1) AND account_code = '{}'"
)
ITEM = "UPDATE open_item SET {} WHERE tenant_id = %s AND document_no = '{}'"


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            LEG.format("credit_minor = credit_minor + 1", "TAXED", "revenue"),
            {"ledger: every entry balances", "periods: balances kept with a lock equal its entries"},
        ),
        (
            LEG.format("debit_minor = debit_minor + 1", "APRIL", "receivables"),
            {"ledger: every entry balances", "ledger: each item stands in the receivables account"},
        ),
        (ITEM.format("open_minor = 1", "RC-2"), {"ledger: open amounts equal amounts less allocations"}),
        (ITEM.format("cleared_on = '2026-03-20'", "RC-1"), {"ledger: cleared dates equal the last allocation's"}),
        (
            ITEM.format("document_on = '2026-03-02'", "PARTS"),
            {
                "ledger: each item stands in the receivables account",
                "ledger: allocations join a debt and a credit, not before either",
            },
        ),
        (ITEM.format("instalment_no = 3", "PARTS' AND instalment_no = '2"), {"ledger: instalments count from one"}),
        (
            ITEM.format("discount_until_on = '2026-05-01'", "TAXED"),
            {"ledger: documents have their days in order, their side and their discount"},
        ),
        (
            LEG.format("account_code = 'output_tax'", "PARTS", "revenue"),
            {"ledger: output tax is a part of its document", "periods: balances kept with a lock equal its entries"},
        ),
        (
            LEG.format("account_code = 'bank'", "BD-1", "written_off_contra"),
            {
                "ledger: debts written off stand in the memorandum",
                "periods: balances kept with a lock equal its entries",
            },
        ),
        (
            "UPDATE allocation SET amount_minor = -1 WHERE tenant_id = %s AND reverses_id IS NOT NULL",
            {
                "ledger: an allocation taken back mirrors the first",
                "ledger: open amounts equal amounts less allocations",
            },
        ),
        (
            "UPDATE entry SET reverses_id = NULL WHERE tenant_id = %s AND id IN (SELECT entry_id FROM open_item)",
            {"ledger: a reversal mirrors its document"},
        ),
        (
            "UPDATE posting SET debit_minor = 1 WHERE tenant_id = %s AND debit_minor = 700",
            {"ledger: every entry balances", "ledger: a reversing entry mirrors its entry"},
        ),
        (
            "DELETE FROM posting WHERE tenant_id = %s AND entry_id IN (SELECT id FROM entry WHERE kind = 'provision')",
            {"ledger: every entry balances", "ledger: a reversing entry mirrors its entry"},
        ),
        (
            "UPDATE tenant_counter SET value = value + 1 WHERE tenant_id = %s AND name = 'reversal:2026'",
            {"ledger: running numbers have no gap"},
        ),
        (
            "UPDATE books_state SET locked_through = '2026-02-28' WHERE tenant_id = %s",
            {"periods: the state is that of the newest lock"},
        ),
        (
            "UPDATE period_balance SET debit_minor = 1 WHERE tenant_id = %s AND account_code = 'receivables'",
            {"periods: balances kept with a lock equal its entries"},
        ),
        (
            "UPDATE entry SET effective_on = '2026-03-20' WHERE tenant_id = %s AND effective_on = '2026-04-02'",
            {
                "periods: nothing was dated in a locked period",
                "periods: balances kept with a lock equal its entries",
                "ledger: each item stands in the receivables account",
            },
        ),
    ],
)
def test_a_tampered_row_is_named(furnished: World, statement: str, broken: set[str]) -> None:
    """Testcase 17: each kind of tampering, and the checks that must speak (others may speak as well)."""
    tamper(furnished.tenant_id, statement)
    found = findings(furnished)
    for name in broken:
        assert any(each.startswith(name) for each in found), (name, found)
    assert all(found.values())


def test_an_entry_without_postings_is_named(world: World) -> None:
    entry = uuid4()
    tamper(
        world.tenant_id,
        "INSERT INTO entry (tenant_id, id, kind, effective_on, recorded_at, recorded_by, memo)"
        " VALUES (%s, %s, 'invoice', '2026-03-01', '2026-03-01T02:00Z', 'x', '')",
        entry,
    )
    assert findings(world) == {
        "ledger: every entry balances": f"entry {entry}",
        "ledger: the receivables account holds nothing but items": f"entry {entry}",
    }


def test_the_night_finds_tells_and_leaves_it(world: World) -> None:
    """Testcase 17: the night finds a tampered open amount, records it, shows it on Today and repairs nothing."""
    # Not the books from above: the night also sees that their bad debt and provision are of no case and no run.
    world.receipt(world.customer(), number="RC-2", on=date(2026, 4, 1), minor=60_00)
    late = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # past midnight in Shanghai
    for _ in range(2):
        dispatcher.Clock().tick(late)
    drain(world.tenant_id)
    with world.reading() as db:
        (sound,) = examination_runs(db, world.tenant_id)
        assert (sound.ok, sound.findings) == (True, ())
    tamper(world.tenant_id, ITEM.format("open_minor = 1", "RC-2"))
    with world.transaction() as db:
        for _ in range(2):
            request_examination(db, world.actor(), "the same form")
    drain(world.tenant_id)
    name = "ledger: open amounts equal amounts less allocations"
    with world.reading() as db:
        newest, _sound = examination_runs(db, world.tenant_id)
        assert (newest.ok, newest.findings) == (False, ((name, "RC-2"),))
        j = JournalEvent
        told = db.execute(
            sa.select(j.data).where(j.tenant_id == world.tenant_id, j.kind == "books_differ")
        ).scalar_one()
        assert told == {"count": 1, "checks": f"{name} (RC-2)"}
    assert findings(world) == {name: "RC-2"}
    for role in ("finance_director", "general_manager", "auditor"):
        assert "The books differ from what they should be" in _get(world, "/", role)
    assert "The books differ" not in _get(world, "/", "salesperson")
    page = _get(world, "/books/examination", "finance_director")
    assert "RC-2" in page
    assert "something differs" in page


def test_the_page_asks_for_an_examination(world: World) -> None:
    assert "Not examined yet" in _get(world, "/books/examination", "auditor")
    client, url = world.client("finance_director"), world.url("/books/examination")
    assert client.post(url, data={"key": str(uuid4())}).status_code == 303
    drain(world.tenant_id)
    assert "all checks passed" in client.get(url).get_data(as_text=True)
    assert world.client("salesperson").get(url).status_code == 403
    assert world.client("accountant").post(url).status_code == 403


def test_a_run_is_kept_as_it_was(world: World) -> None:
    with world.transaction() as db:
        request_examination(db, world.actor(), "x")
    drain(world.tenant_id)
    d = DoctorRun
    with pytest.raises(sa.exc.ProgrammingError), world.transaction() as db:
        db.execute(sa.update(d).where(d.tenant_id == world.tenant_id).values(ok=False))
    assert EXAMINE == "ledger.examine"


def _get(world: World, path: str, role: str) -> str:
    answer = world.client(role).get(world.url(path))
    assert answer.status_code == 200
    return answer.get_data(as_text=True)
