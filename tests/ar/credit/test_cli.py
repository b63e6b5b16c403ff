"""`huikuan credit`: grades and suggestions on the command line."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.support.world import World


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["credit", *arguments], catch_exceptions=False)


def printed(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def scores(*first: int) -> str:
    return ",".join(str(score) for score in (*first, *[0] * (12 - len(first))))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--scores", ",".join(["8"] * 12)], (96, 100, "A", 2)),
        (["--scores", scores(*[8] * 7, 3)], (59, 61, "B", 1)),
        (["--scores", scores(*[8] * 7, 2)], (58, 60, "C", 0)),
        (["--scores", scores(*[8] * 4, 6), "--literal-raw"], (38, 38, "D", 0)),
        (["--scores", scores(8, 0, 2, 0, 1), "--weights", scores(8, 0, 8, 8, 1)], (11, 41, "C", 0)),
        (["--scores", scores(8, 0, 7, 0, 1), "--weights", scores(8, 0, 8, 8, 1)], (16, 61, "B", 1)),
        (["--scores", scores(8, 0, 8, 5, 3), "--weights", scores(8, 0, 8, 8, 1)], (24, 86, "A", 2)),
    ],
)
def test_scores_are_graded(arguments: list[str], found: tuple[int, int, str, int]) -> None:
    raw, score, grade, months = found
    assert printed("grade", *arguments) == {
        "raw": raw,
        "maximum": 96,
        "score": score,
        "grade": grade,
        "limit_cap_months": months,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scores", "8,8"], "twelve scores"),
        (["--scores", scores(8, 5)], "Serious adverse events"),
        (["--scores", scores(9)], "from 0 to 8"),
        (["--scores", scores(8), "--weights", "1,2"], "twelve weights"),
        (["--scores", "8,x"], "whole numbers"),
    ],
)
def test_what_cannot_be_graded_is_wrong_usage_with_a_sentence(arguments: list[str], said: str) -> None:
    done = run("grade", *arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_a_limit_is_suggested_from_the_ledger_by_the_grade_and_term_of_the_limit(world: World) -> None:
    customer = world.customer("00077")
    for month in range(5, 11):
        world.invoice(customer, number=f"S-{month}", on=date(2026, month, 28), minor=120_000_00)
    world.limit(customer, 10_000_00, grade="B", term_days=45)
    found = printed("suggest", "--tenant", world.slug, "--customer", "00077", "--as-of", "2026-11-20")
    assert (found["suggested_minor"], found["currency"]) == (144_000_00, "CNY")
    formula = found["formula"]
    assert (formula["sales_minor"], formula["month_count"], formula["average_minor"]) == (720_000_00, 6, 120_000_00)
    assert (formula["term_days"], formula["grade"], formula["factor_bps"]) == (45, "B", 8_000)
    earlier = printed("suggest", "--tenant", world.slug, "--customer", "00077", "--as-of", "2026-07-15")
    assert (earlier["suggested_minor"], earlier["formula"]["why_none"]) == (None, "too_few_months")


def test_a_suggestion_is_told_with_its_formula_or_why_there_is_none(world: World) -> None:
    customer = world.customer("00077")
    for month in range(5, 11):
        world.invoice(customer, number=f"S-{month}", on=date(2026, month, 28), minor=120_000_00)
    asked = ("suggest", "--tenant", world.slug, "--customer", "00077", "--as-of")
    assert "no term was granted or assessed yet" in run(*asked, "2026-11-20").output
    world.limit(customer, 10_000_00, grade="B", term_days=45)
    told = run(*asked, "2026-11-20").output
    assert told.splitlines()[0].endswith("144,000.00")
    for part in ("of 6 months with tax", "120,000.00 a month", "× 45 days ÷ 30 × 80 % for grade B"):
        assert part in told, part
    assert "there are sales of 2 full months, three are needed" in run(*asked, "2026-07-15").output


def test_a_customer_that_is_not_there_is_said(world: World) -> None:
    done = run("suggest", "--tenant", world.slug, "--customer", "nobody", "--json")
    assert (done.exit_code, json.loads(done.output)["error"]["code"]) == (1, "customer_not_found")
