"""`huikuan credit exposure`: one row a customer, minor units, live or as of a day."""

from __future__ import annotations

import json
from datetime import timedelta

from click.testing import CliRunner

from app.cli import main
from tests.support.world import World


def test_exposure_as_json_live_and_as_of_a_day(world: World) -> None:
    over, free = world.creditor(100_00, "C-1"), world.creditor(None, "C-2")
    world.late_invoice(over, number="INV-1", minor=150_00, days_late=3)
    world.invoice(free, number="INV-2", on=world.today, minor=1_00)
    world.customer("C-3")

    def rows(*options: str) -> dict[str, dict[str, object]]:
        ran = CliRunner().invoke(main, ["credit", "exposure", "--tenant", world.slug, "--json", *options])
        assert ran.exit_code == 0, ran.output
        return {row["customer_no"]: row for row in json.loads(ran.output)["rows"]}

    found = rows()
    assert set(found) == {"C-1", "C-2"}
    assert found["C-1"] == {
        "customer_no": "C-1",
        "currency": "CNY",
        "open_receivables_minor": 150_00,
        "signed_not_invoiced_minor": 0,
        "shipped_not_signed_minor": 0,
        "released_orders_minor": 0,
        "unmatured_bills_minor": 0,
        "unapplied_minor": 0,
        "exposure_minor": 150_00,
        "limit_minor": 100_00,
        "unlimited": False,
        "temporary_limit_minor": 0,
        "available_minor": 0,
        "over_limit": True,
        "past_due_items": 1,
        "missing_rates": [],
    }
    assert (found["C-2"]["unlimited"], found["C-2"]["limit_minor"], found["C-2"]["available_minor"]) == (
        True,
        None,
        None,
    )
    before = rows("--customer", "C-1", "--as-of", (world.today - timedelta(days=60)).isoformat())
    assert before["C-1"]["exposure_minor"] == 0
