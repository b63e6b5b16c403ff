"""One score wherever it is shown: half up, in the form, on the paper and on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from ar.credit.policy.commands import set_credit_policy
from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.rules.policy import DEFAULT_POLICY
from ar.credit.rules.scoring import ITEMS
from kernel.clock import fixed_clock, moment_on
from tests.kernel.test_pdf import needs_poppler, pages
from tests.support.world import TODAY, World

#: Weights that sum to 25.
WEIGHTS = (8, 0, 8, 8, 1) + (0,) * 7


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is TODAY, with those weights."""
    typed = {name: value for name, value in form_values(DEFAULT_POLICY).items() if value != ""}
    with world.transaction() as db:
        given = typed | {"weights": [str(weight) for weight in WEIGHTS]}
        set_credit_policy(db, world.actor(), SetCreditPolicy.model_validate(given))
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield world


@needs_poppler
@pytest.mark.parametrize(
    ("first", "score", "grade"),
    [((8, 0, 2, 0, 1), 41, "C"), ((8, 0, 7, 0, 1), 61, "B"), ((8, 0, 8, 5, 3), 86, "A")],
    ids=["40.5", "60.5", "85.5"],
)
def test_form_print_and_command_line_say_the_same(
    world: World, tmp_path: Path, first: tuple[int, ...], score: int, grade: str
) -> None:
    points = first + (0,) * 7
    customer = world.customer()
    draft = world.draft_assessment(customer)
    client, at = world.client("finance_director"), world.url(f"/assessments/{draft}")
    chosen = "&".join(f"points_{item.code}={point}" for item, point in zip(ITEMS, points, strict=True))
    live = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(f"{at}/score?{chosen}").text))
    assert f"{score} points" in live or f"Score {score}" in live, live
    assert f"Grade {grade}" in live
    world.save_assessment(draft, points=points, limit="0", term_days=0)
    assert (world.assessment(draft).score, world.assessment(draft).grade) == (score, grade)
    (paper,) = pages(client.get(f"{at}/annex-1").data, tmp_path)
    assert re.search(rf"\b{score}\b", paper), paper
    numbers = [",".join(map(str, each)) for each in (points, WEIGHTS)]
    done = CliRunner().invoke(main, ["credit", "grade", "--scores", numbers[0], "--weights", numbers[1], "--json"])
    assert (json.loads(done.output)["score"], json.loads(done.output)["grade"]) == (score, grade)
