"""`huikuan signals run`, the work of the clock, and how many statements a run costs."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app.cli import main
from app.handlers import HANDLERS
from ar.credit.rules.signals import SignalCode
from ar.credit.signals.running import RUN_SIGNALS
from ar.receipts.models import PayerAccount
from kernel.ids import new_id
from tests.support.statements import counted
from tests.support.world import TODAY, World, new_world

pytestmark = pytest.mark.usefixtures("engine")

DAY = timedelta(days=1)


def changes_banks(world: World, number: str) -> None:
    """A customer whose money came from two new accounts within the year."""
    customer = world.customer(number)
    with world.transaction() as db:
        db.execute(
            sa.insert(PayerAccount),
            [
                {
                    "tenant_id": world.tenant_id,
                    "id": new_id(),
                    "customer_id": customer,
                    "account_key": f"K{at}",
                    "payer_name": "客户",
                    "bank": "",
                    "first_seen_on": TODAY - (30 - at) * DAY,
                }
                for at in range(3)
            ],
        )


def test_the_command_says_in_json_what_was_raised_and_the_second_time_nothing() -> None:
    world = new_world()
    changes_banks(world, "00001")
    command = ["signals", "run", "--tenant", world.slug, "--date", TODAY.isoformat(), "--json"]
    first, second = (json.loads(CliRunner().invoke(main, command, catch_exceptions=False).stdout) for _n in range(2))
    assert first == {
        "run_on": TODAY.isoformat(),
        "raised": 1,
        "by_signal": {"bank_changes": 1},
        "holding": 0,
        "ended": 0,
    }
    assert (second["raised"], second["holding"]) == (0, 1)
    assert world.signals()[0].raised_on == TODAY


@pytest.mark.parametrize("more", [["--date", "2026-02-30"], ["--tenant"], ["--day", "2026-11-20"]])
def test_bad_input_is_refused_by_its_option_and_raises_nothing(more: list[str]) -> None:
    world = new_world()
    changes_banks(world, "00001")
    wrong = CliRunner().invoke(main, ["signals", "run", "--tenant", world.slug, *more])
    assert wrong.exit_code == 2
    assert more[0] in wrong.output
    assert world.signals() == []
    nobody = CliRunner().invoke(main, ["signals", "run", "--tenant", "nobody", "--json"])
    assert json.loads(nobody.stdout)["error"] == {
        "code": "tenant_not_found",
        "message": "There is no such company.",
        "slug": "nobody",
    }


def test_the_clock_runs_them_too() -> None:
    world = new_world()
    changes_banks(world, "00001")
    with world.transaction() as db:
        HANDLERS[RUN_SIGNALS](db, world.actor(), {})
    assert [signal.code for signal in world.signals()] == [SignalCode.BANK_CHANGES]


def test_a_run_costs_as_many_statements_for_ten_signals_as_for_one(engine: sa.Engine) -> None:
    costs = []
    for customers in (1, 10):
        world = new_world()
        for at in range(customers):
            changes_banks(world, f"C{at}")
        with counted(engine) as statements:
            assert world.run_signals().raised == {SignalCode.BANK_CHANGES: customers}
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert costs[0] < 30


def test_two_runs_at_once_raise_each_signal_once() -> None:
    world = new_world()
    for at in range(5):
        changes_banks(world, f"C{at}")
    start, found = threading.Barrier(2), []

    def run() -> None:
        start.wait(timeout=10)
        found.append(sum(world.run_signals().raised.values()))

    threads = [threading.Thread(target=run) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(found) in ([0, 5], [1, 4], [2, 3])
    assert len(world.signals()) == 5
