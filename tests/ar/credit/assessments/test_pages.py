"""The pages of assessments over HTTP: a salesperson's form, three who sign, Annex 1, the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ar.credit.assessments.printing import keep_print
from ar.credit.rules.scoring import ITEMS
from kernel.clock import fixed_clock, moment_on
from tests.kernel.test_pdf import needs_poppler, pages
from tests.support.approvals import person
from tests.support.browser import FormClient
from tests.support.world import TODAY, World
from tests.support.world.assessments import POINTS, SIGNERS


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is TODAY."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield world


@pytest.fixture
def customer(world: World) -> UUID:
    customer_id = world.customer("00088", tax_id="91440300708461136T")
    world.complete_file(customer_id)
    for month in range(5, 11):
        world.invoice(customer_id, number=f"S-{month}", on=date(2026, month, 10), minor=120_000_00)
    return customer_id


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def form_of(grade: str = "A", **values: Any) -> dict[str, Any]:
    points = {f"points_{item.code}": str(point) for item, point in zip(ITEMS, POINTS[grade], strict=True)}
    return {"limit": "50", "term_days": "60", "note": "合作多年", **points, **values}


def begun(world: World, salesperson: FormClient, customer: UUID) -> str:
    world.give_to(salesperson, customer)
    answer = salesperson.post(world.url("/assessments/"), data={"customer_no": "00088"})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_a_salesperson_assesses_and_three_sign_with_figures_of_their_own(world: World, customer: UUID) -> None:
    for role in SIGNERS:
        person(world, role)
    salesperson = world.client("salesperson")
    at = begun(world, salesperson, customer)
    page = text_of(salesperson.get(at).text)
    for expected in ("12 items are not scored yet", "120,000.00", "Years since founding"):
        assert expected in page, expected
    assert "91440300708461136T" in salesperson.get(at).text, "the header is filled in"
    assert salesperson.post(at, data=form_of(do="save")).status_code == 303
    page = text_of(salesperson.get(at).text)
    for expected in ("240,000.00", "A term of up to 60 days", "96 of 96 points"):
        assert expected in page, expected
    assert salesperson.post(at, data=form_of(do="submit")).status_code == 303
    shown = text_of(salesperson.get(at).text)
    assert "This assessment" not in shown
    assert "Your sign-off" not in shown, "nobody signs their own"
    manager = world.client("sales_manager")
    form = manager.get(at).text
    assert 'name="limit" type="text" value="50"' in form
    refused = manager.post(f"{at}/signature", data={"limit": "50", "term_days": "61", "note": "长", "step": "0"})
    assert (refused.status_code, "61" in refused.text, "Annex 2" in refused.text) == (422, True, True)
    assert manager.post(f"{at}/signature", data={"limit": "40", "term_days": "45", "step": "0"}).status_code == 303
    for step, role in enumerate(("finance", "general_manager"), 1):
        client = world.client(role)
        assert client.post(f"{at}/signature", data={"limit": "30", "term_days": "30", "step": step}).status_code == 303
    final = text_of(manager.get(at).text)
    for expected in ("In force", "400,000.00", "300,000.00", "valid through"):
        assert expected in final, expected
    assert world.credit_account(customer).limit.regular_minor == 300_000_00


def test_the_score_follows_what_is_chosen_and_nothing_is_saved(world: World, customer: UUID) -> None:
    salesperson = world.client("salesperson")
    at = begun(world, salesperson, customer)
    chosen = "&".join(f"{name}={value}" for name, value in form_of("B").items() if name != "note")
    assert "Grade" in text_of(salesperson.get(f"{at}/score?{chosen}").text)
    odd = text_of(salesperson.get(f"{at}/score?points_events=5&points_years=x&term_days=99999999").text)
    assert "items are not scored yet" in odd
    assert "12 items are not scored yet" in text_of(salesperson.get(at).text)


def test_what_is_wrong_is_said_at_its_field_and_loses_nothing(world: World, customer: UUID) -> None:
    salesperson = world.client("salesperson")
    at = begun(world, salesperson, customer)
    typed = form_of(limit="fünfzig", note="保留这句", address="深圳市南山区", founded_on="1985-02-30", do="save")
    answer = salesperson.post(at, data=typed)
    assert answer.status_code == 422
    for expected in ("fünfzig", "保留这句", "深圳市南山区"):
        assert expected in answer.text, expected
    answer = salesperson.post(at, data={**typed, "founded_on": "1985-02-28"})
    assert "Enter the limit in ten thousands" in text_of(answer.text)
    for wrong, said in (
        ({"points_events": "5"}, "lies in none of its bands"),
        ({"points_fame": ""}, "How well known"),
        ({"term_days": "61"}, "Annex 2"),
        ({"limit": ""}, "Propose a limit and a term"),
    ):
        answer = salesperson.post(at, data=form_of(do="submit", **wrong))
        assert (answer.status_code, said in text_of(answer.text)) == (422, True), said
        assert answer.text.count(" checked") >= 11, "the numbers chosen stay chosen"


def test_a_second_person_who_saves_is_shown_what_the_first_saved(world: World, customer: UUID) -> None:
    salesperson = world.client("salesperson")
    at = begun(world, salesperson, customer)
    version = re.search(r'name="version" value="([^"]*)"', salesperson.get(at).text)
    assert version is not None
    world.client("sales_manager").post(at, data=form_of(address="北京", do="save"))
    answer = salesperson.post(at, data=form_of(address="上海", do="save", version=version[1]))
    assert (answer.status_code, "北京" in answer.text, "上海" in answer.text) == (422, True, True)


def test_begun_twice_it_is_the_same_draft_and_a_colleagues_customer_is_not_there(world: World, customer: UUID) -> None:
    salesperson = world.client("salesperson")
    at = begun(world, salesperson, customer)
    assert begun(world, salesperson, customer) == at
    other = world.client("salesperson")
    assert other.get(at).status_code == 404
    assert other.post(world.url("/assessments/"), data={"customer_no": "00088"}).status_code == 422
    assert other.post(f"{at}/signature", data={"limit": "1", "term_days": "1", "step": "0"}).status_code == 404
    assert salesperson.post(f"{at}/discard").status_code == 303
    assert begun(world, salesperson, customer) != at


def test_the_page_of_approvals_leads_to_the_sign_off_and_signs_nothing(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    approval, manager = world.assessment(assessment).approval_id, world.client("sales_manager")
    page = manager.get(world.url(f"/approvals/{approval}")).text
    assert f"/assessments/{assessment}" in page
    decided = manager.post(world.url(f"/approvals/{approval}/decision"), data={"outcome": "approve", "step": "0"})
    assert (decided.status_code, "its own limit and term" in text_of(decided.text)) == (422, True)
    assert len(world.opinions(assessment)) == 1


def test_returned_with_a_reason_it_is_the_authors_form_again(world: World, customer: UUID) -> None:
    assessment = world.submitted_assessment(customer)
    at, manager = world.url(f"/assessments/{assessment}"), world.client("sales_manager")
    assert manager.post(f"{at}/return", data={"reason": "", "step": "0"}).status_code == 422
    assert manager.post(f"{at}/return", data={"reason": "附件不全", "step": "0"}).status_code == 303
    page = text_of(world.client("sales_manager").get(at).text)
    assert "附件不全" in page
    assert "Submit for the sign-offs" in page


def test_the_list_says_what_lapses(world: World, customer: UUID) -> None:
    assessment = world.approved_assessment(customer, "B")
    number, client = world.assessment(assessment).number, world.client("sales_manager")
    listed = world.url("/assessments/?show={}")
    assert number in client.get(listed.format("approved")).text
    assert number not in client.get(listed.format("lapsing")).text
    for days, show in ((160, "lapsing"), (190, "lapsed")):
        with fixed_clock(moment_on(TODAY + timedelta(days=days), "Asia/Shanghai")):
            assert number in client.get(listed.format(show)).text
    assert number in client.get(world.url("/assessments/?grade=B&customer=00088")).text
    assert number not in client.get(world.url("/assessments/?grade=A")).text
    assert number in world.client("finance", "zh_CN").get(world.url("/assessments/")).text


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_annex_1_prints_in_both_languages_and_is_kept_once_in_force(
    world: World, customer: UUID, language: str
) -> None:
    draft = world.submitted_assessment(customer)
    client = world.client("finance", language)
    for grade_page in (world.url(f"/assessments/{draft}/annex-1"),):
        answer = client.get(grade_page)
        assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
    for role in SIGNERS:
        world.sign_assessment(draft, person(world, role))
    with world.transaction() as db:
        keep_print(db, world.actor(), {"assessment_id": str(draft)})
    kept = world.assessment(draft).print_sha256
    assert kept is not None
    assert client.get(world.url(f"/assessments/{draft}/annex-1")).data[:5] == b"%PDF-"


@needs_poppler
def test_annex_1_has_a_line_for_each_of_the_four_who_sign(world: World, customer: UUID, tmp_path: Path) -> None:
    world.invoice(customer, number="S-1", on=date(2026, 10, 12), minor=5_594_40)
    draft, client = world.submitted_assessment(customer), world.client("finance")
    world.sign_assessment(draft, person(world, "sales_manager"), "30.5")
    (paper,) = pages(client.get(world.url(f"/assessments/{draft}/annex-1")).data, tmp_path)
    signs = paper[paper.index("Sign-offs") :]
    for role in ("Author", "Sales manager", "Finance", "General manager"):
        assert role in signs, "who has not signed may sign on the paper"
    assert "30.5" in signs
    assert "12.56" in paper, "sales in ten thousands, with two decimals"
    assert "Amounts in 10,000 yuan" in paper


def test_the_customers_page_shows_grade_limit_and_history_and_begins_the_next(world: World, customer: UUID) -> None:
    at, salesperson = world.url(f"/customers/{customer}"), world.client("salesperson")
    world.give_to(salesperson, customer)
    assert "Not assessed yet, so there is no credit." in text_of(salesperson.get(at).text)
    assessment = world.approved_assessment(customer, "A")
    page = text_of(salesperson.get(at).text)
    for expected in ("A · 100 points", "500,000.00", "2027-05-20", world.assessment(assessment).number):
        assert expected in page, expected
    assert salesperson.post(world.url("/assessments/"), data={"customer_no": "00088"}).status_code == 303
    assert "Go on with" in salesperson.get(at).text
