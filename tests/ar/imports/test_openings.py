"""What a ledger brought from another system credits: opening balances at the start, revenue later, or as chosen."""

from __future__ import annotations

from ar.imports.commands import credit_account
from kernel.sheets.mapping import ColumnMapping
from tests.ar.imports.files import ITEM_HEADERS, csv_file, do_last_message, import_file, upload_file
from tests.support.world import World

ITEMS = csv_file(
    ITEM_HEADERS,
    "001,深圳华芯,INV-1,invoice,2026-10-01,,CNY,100",
    "001,,CN-1,credit_note,2026-10-02,,CNY,30",
    "001,,DN-1,debit_note,2026-10-03,,CNY,5",
)
LATER = csv_file(ITEM_HEADERS, "001,深圳华芯,INV-9,invoice,2026-11-01,,CNY,40")


def posted(world: World) -> dict[str, int]:
    """Returns what stands on the accounts that the import may credit, credits above zero (minor units)."""
    return {name: -world.balance_of(name) for name in ("opening_balance", "revenue", "returns")}


def test_open_items_brought_at_the_start_are_opening_balances(world: World) -> None:
    """Given empty books, 100.00 + 5.00 − 30.00 stand against opening balances; no revenue is earned a second time."""
    report = import_file(world, "open-items", ITEMS)
    assert [tuple(total) for total in report.posted] == [("opening_balance", "CNY", 3, 75_00)]
    assert posted(world) == {"opening_balance": 75_00, "revenue": 0, "returns": 0}
    assert world.item_numbered("INV-1").kind == "invoice"
    assert not world.ledger_findings()


def test_once_the_books_have_revenue_new_documents_are_revenue(world: World) -> None:
    world.debtor("009")
    world.invoice("009", number="OWN-1", minor=1_00)
    report = import_file(world, "open-items", ITEMS)
    assert [(total.account, total.amount_minor) for total in report.posted] == [
        ("returns", -30_00),
        ("revenue", 105_00),
    ]
    assert posted(world) == {"opening_balance": 0, "revenue": 106_00, "returns": -30_00}


def test_a_file_says_itself_what_it_credits(world: World) -> None:
    import_file(world, "open-items", ITEMS, mapping=ColumnMapping(credits="revenue"))
    import_file(world, "open-items", LATER, mapping=ColumnMapping(credits="opening_balance"))
    assert posted(world) == {"opening_balance": 40_00, "revenue": 105_00, "returns": -30_00}


def test_the_preview_says_what_is_credited_and_takes_another_choice(world: World) -> None:
    job_id = upload_file(world, ITEMS)
    do_last_message(world, "imports.check")
    client, page = world.client(), world.url(f"/imports/{job_id}")
    shown = client.get(page).text
    assert "Opening balances" in shown
    assert "75.00" in shown
    assert "Post as revenue instead" in shown
    assert client.post(f"{page}/credits", data={"account": "revenue"}).status_code == 303
    do_last_message(world, "imports.check")
    shown = client.get(page).text
    assert "Post as opening balances instead" in shown
    assert client.post(f"{page}/application", data={"totals_confirmed": "1"}).status_code == 303
    do_last_message(world, "imports.apply")
    assert posted(world) == {"opening_balance": 0, "revenue": 105_00, "returns": -30_00}


def test_what_was_confirmed_is_posted_although_the_books_got_revenue_meanwhile(world: World) -> None:
    job_id = upload_file(world, ITEMS)
    do_last_message(world, "imports.check")
    world.debtor("009")
    world.invoice("009", number="OWN-1", minor=1_00)
    assert world.client().post(
        world.url(f"/imports/{job_id}/application"), data={"totals_confirmed": "1"}
    ).status_code == 303  # fmt: skip
    do_last_message(world, "imports.apply")
    assert posted(world) == {"opening_balance": 75_00, "revenue": 1_00, "returns": 0}


def test_the_choice_is_remembered_for_the_source(world: World) -> None:
    job_id = upload_file(world, ITEMS)
    do_last_message(world, "imports.check")
    with world.transaction() as db:
        credit_account(db, world.actor(), job_id, "revenue")
    later = upload_file(world, LATER)
    do_last_message(world, "imports.check")
    assert "Post as opening balances instead" in world.client().get(world.url(f"/imports/{later}")).text
