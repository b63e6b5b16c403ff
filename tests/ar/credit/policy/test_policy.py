"""The credit policy: versions with who and when, its page, what it changes elsewhere."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from ar.credit.lookups import credit_policy
from ar.credit.policy.commands import set_credit_policy
from ar.credit.policy.inputs import SetCreditPolicy, form_values
from ar.credit.policy.queries import policy_versions
from ar.credit.rules.policy import CLASSES, DEFAULT_POLICY, CheckCode
from ar.credit.rules.signals import COMPUTED, Marks, SignalCode
from ar.customers.inputs import SetStanding
from ar.customers.register.standing import set_standing
from kernel.errors import RuleBroken
from tests.support.world import World


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def record(world: World, **values: Any) -> int:
    with world.reading() as db:
        before = form_values(credit_policy(db, world.tenant_id))
    typed = {name: value for name, value in (before | values).items() if value != ""}
    with world.transaction() as db:
        return set_credit_policy(db, world.actor(), SetCreditPolicy.model_validate(typed))


def form_of(**values: Any) -> dict[str, Any]:
    return form_values(DEFAULT_POLICY) | values


def test_a_version_is_recorded_with_who_and_what_and_the_highest_counts(world: World) -> None:
    assert record(world) == 0, "nothing changed, nothing recorded"
    assert record(world, cap_a="45", checks_off=["contract"]) == 1
    assert record(world, cap_a="45", checks_off=["contract"]) == 1
    assert record(world, weights=["2"] + ["1"] * 11) == 2
    with world.reading() as db:
        policy, versions = credit_policy(db, world.tenant_id), policy_versions(db, world.tenant_id)
    assert (policy.cap_days["A"], policy.checks_off) == (45, {CheckCode.CONTRACT})  # type: ignore[index]
    assert policy.weights == (2, *[1] * 11)
    assert [(each.version, set(each.changes)) for each in versions] == [(2, {"weights"}), (1, {"cap_a", "checks_off"})]
    assert versions[0].recorded_by == "林晓"


def test_what_the_parts_say_together_is_checked(world: World) -> None:
    with pytest.raises(RuleBroken, match="policy_thresholds"):
        record(world, manager_percent="40")


def test_the_caps_and_weights_of_the_company_grade_the_next_assessment(world: World) -> None:
    customer = world.customer()
    record(world, weights=["8", "0", "8", "8", "1"] + ["0"] * 7, cap_a="45")
    draft = world.draft_assessment(customer)
    world.save_assessment(draft, points=(8, 0, 8, 5, 3) + (0,) * 7)
    row = world.assessment(draft)
    assert (row.raw, row.score, row.grade) == (24, 86, "A"), "85.5 is rounded up"
    record(world, literal_raw="1")
    world.save_assessment(draft, points=(8, 0, 8, 5, 3) + (0,) * 7)
    assert (world.assessment(draft).score, world.assessment(draft).grade) == (24, "D")


def of_class(grade: str, size: str, text: str) -> list[str]:
    return [text if each == (grade, size) else "" for each in CLASSES]


def test_limits_and_terms_follow_the_class_of_grade_and_size(world: World) -> None:
    customer = world.customer()
    for month in range(5, 11):
        world.invoice(customer, number=f"S-{month}", on=date(2026, month, 10), minor=100_000_00)
    record(world, class_caps=of_class("A", "large", "45"), class_factors=of_class("A", "large", "150"))
    draft = world.draft_assessment(customer)
    world.save_assessment(draft, points=(8,) * 12, term_days=45)
    assert world.assessment(draft).suggestion["suggested_minor"] == 150_000_00, "not classified: as the grade says"
    with world.transaction() as db:
        set_standing(db, world.actor(), customer, SetStanding(size_class="large"))
    world.save_assessment(draft, points=(8,) * 12, term_days=45)
    row = world.assessment(draft)
    assert (row.suggestion["suggested_minor"], row.suggestion["formula"]["size"]) == (225_000_00, "large")
    page = text_of(world.client("finance").get(world.url(f"/assessments/{draft}")).text)
    assert "A term of up to 45 days may be granted." in page
    assert "grade A, Large" in page


def test_the_marks_of_signals_are_set_with_who_and_when(world: World) -> None:
    before = form_values(DEFAULT_POLICY)
    at, below = (list(before[name]) for name in ("fires_at", "rearms_below"))
    order = COMPUTED.index(SignalCode.LARGE_ORDER)
    assert (at[order], below[order]) == ("300", "200"), "a large order is more than three months of sales"
    at[0], at[order] = "20", "400"
    url, director = world.url("/credit-policy/"), world.client("finance_director")
    answer = director.post(url, data=form_of(fires_at=at, rearms_below=below, cut_percent="25"))
    assert answer.status_code == 303, text_of(answer.text)
    with world.reading() as db:
        signals = credit_policy(db, world.tenant_id).signals
    assert signals.marks[SignalCode.SLOWER_PAYMENT] == Marks(fires_at=20, rearms_below=5)
    assert signals.marks[SignalCode.LARGE_ORDER] == Marks(fires_at=40_001, rearms_below=20_000)
    assert signals.cut_bps == 2_500
    page = text_of(director.get(url).text)
    assert "Limit and term proposed after a signal: 50 → 25" in page
    assert "Pays slower than before: 20" in page


def test_the_page_records_a_version_and_says_what_is_off(world: World) -> None:
    url, director = world.url("/credit-policy/"), world.client("finance_director")
    assert "Record policy" in director.get(url).text
    answer = director.post(url, data=form_of(cap_b="20", checks_off=["statement"]))
    assert answer.status_code == 303, text_of(answer.text)
    page = text_of(director.get(url).text)
    for expected in ("Checks that are off", "The last statement was answered in time", "Longest term B: 30 → 20"):
        assert expected in page, expected
    reader = world.client("salesperson")
    assert "Record policy" not in reader.get(url).text
    assert reader.post(url, data=form_of(cap_b="60")).status_code == 403


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weights": ["0"] * 12}, "Give twelve weights"),
        ({"weights": ["x"] + ["1"] * 11}, "Enter a whole number"),
        ({"cap_a": "400"}, "Enter 366 or less"),
        ({"factor_b": "80.123"}, "at most two decimals"),
        ({"manager_percent": "40"}, "must not be below"),
        ({"long_use_percent": "0"}, "above 0"),
        ({"cut_percent": "101"}, "from 0 to 100"),
        ({"rearms_below": ["99"] * len(COMPUTED)}, "cannot fall silent above"),
        ({"fires_at": ["1"]}, "Give a figure for each signal"),
        ({"class_caps": ["400"] + [""] * 11}, "Enter 366 or less"),
        ({"class_factors": ["1", "2"]}, "Give a figure for each class"),
        ({"checks_off": ["limit"]}, "Choose one of the options"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(world: World, values: dict[str, Any], said: str) -> None:
    client = world.client("finance")
    answer = client.post(world.url("/credit-policy/"), data=form_of(term_tolerance_days="7", **values))
    assert (answer.status_code, said in text_of(answer.text)) == (422, True), text_of(answer.text)[:2000]
    assert 'name="term_tolerance_days" type="text" value="7"' in answer.text


def test_every_figure_that_is_wrong_is_said_at_its_own_field(world: World) -> None:
    at, below = (list(form_values(DEFAULT_POLICY)[name]) for name in ("fires_at", "rearms_below"))
    below[0], below[3] = "9999", "9999"
    wrong = {
        "weights": ["x", "1", "2000"] + ["1"] * 9,
        "rearms_below": below,
        "class_caps": ["400", "", "500"] + [""] * 9,
    }
    answer = world.client("finance").post(world.url("/credit-policy/"), data=form_of(fires_at=at, **wrong))
    assert answer.status_code == 422
    entries = ["weights-0", "weights-2", "class_caps-0", "class_caps-2", "rearms_below-0", "rearms_below-3"]
    assert re.findall(r'<p class="error" id="e-([\w-]+)"', answer.text) == entries
    assert re.findall(r'<a href="#f-([\w-]+)"', answer.text[answer.text.index("form-errors") :])[:6] == entries
    summary = text_of(answer.text)
    assert "There are 6 problems" in summary
    assert "A danger signal may be raised again below · A sudden large order: A signal cannot fall silent" in summary


def test_a_second_person_is_shown_what_the_first_saved(world: World) -> None:
    client, url = world.client("finance"), world.url("/credit-policy/")
    version = re.search(r'name="version" value="([^"]*)"', client.get(url).text)
    assert version is not None
    record(world, cap_a="50")
    answer = client.post(url, data=form_of(cap_a="40", version=version[1]))
    assert (answer.status_code, "Saved meanwhile: 50" in answer.text) == (422, True)
