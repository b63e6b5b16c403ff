"""The pages of reviews over HTTP: from the opening to the signature, as paper and as a file; who may, what is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from kernel.clock import fixed_clock, moment_on
from tests.support.approvals import everybody
from tests.support.world import World

REVIEW_DAY = date(2026, 12, 1)


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is 1 December."""
    with fixed_clock(moment_on(REVIEW_DAY, "Asia/Shanghai")):
        yield world.on(REVIEW_DAY)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def typed(client: FlaskClient, url: str, form: str, **values: str) -> dict[str, str]:
    """Returns what is typed into a form of a line's page, with the version that the page was filled from."""
    versions = re.findall(r'name="version" value="([^"]*)"', client.get(url).text)
    place = -1 if form == "decision" else 0
    return {**values, "version": versions[place]}


def three_customers(world: World) -> list[UUID]:
    found = []
    for number, minor in (("00001", 1_000_00), ("00002", 0), ("00003", None)):
        customer = world.customer(number, f"客户{number}")
        world.limit(customer, minor)
        found.append(customer)
    return found


def test_a_review_goes_from_its_opening_to_the_signature(world: World) -> None:
    everybody(world)
    flagged, zero, unlimited = three_customers(world)
    finance, seller, manager = world.client("finance"), world.client("salesperson"), world.client("general_manager")
    world.give_to(seller, flagged)
    assert "No review yet" in finance.get(world.url("/reviews/")).text
    assert seller.post(world.url("/reviews/")).status_code == 403
    opened = finance.post(world.url("/reviews/"))
    assert opened.status_code == 303
    review = opened.location
    page = text_of(finance.get(review).text)
    for expected in ("RV-2026-000001", "0 of 3", "0 of 1", "low sales for the limit", "客户00003", "unlimited"):
        assert expected in page, expected
    own = text_of(seller.get(review).text)
    assert "客户00001" in own
    assert "客户00002" not in own
    line = f"{review}/of/{flagged}"
    assert seller.post(f"{line}/explanation", data={"explanation": ""}).status_code == 422
    explained = typed(seller, line, "explanation", explanation="旺季在春节前")
    assert seller.post(f"{line}/explanation", data=explained).status_code == 303
    assert seller.post(f"{line}/decision", data={"decision": "keep", "note": "我来"}).status_code == 403
    assert seller.get(f"{review}/of/{zero}").status_code == 404
    early = finance.post(f"{review}/submission")
    assert early.status_code == 422
    assert "3 customers are not decided yet" in text_of(early.text)
    many = {"decision": "keep", "note": "照旧", "selected": [str(zero), str(unlimited)]}
    assert finance.post(f"{review}/decisions", data=many).status_code == 303
    decision = typed(finance, line, "decision", decision="cut", limit="1,200", note="旺季后再看")
    wrong = finance.post(f"{line}/decision", data=decision)
    assert wrong.status_code == 422
    assert "1,200" in wrong.text
    assert "旺季后再看" in wrong.text
    assert finance.post(f"{line}/decision", data=decision | {"limit": "800"}).status_code == 303
    assert "Submit for signature" in finance.get(review).text
    assert finance.post(f"{review}/submission").status_code == 303
    shown = finance.get(review).text
    approval = re.search(r'href="(/c/[^"]+/approvals/[0-9a-f-]+)"', shown)
    assert approval is not None
    assert "RV-2026-000001" in manager.get(approval[1]).text
    assert manager.post(f"{approval[1]}/decision", data={"outcome": "approve", "step": "0"}).status_code == 303
    signed = text_of(finance.get(review).text)
    for expected in ("Signed", "Limit granted", "旺季后再看"):
        assert expected in signed, expected


def test_many_are_decided_by_what_the_filter_shows_and_a_refusal_keeps_what_was_typed(world: World) -> None:
    flagged, zero, _unlimited = three_customers(world)
    finance = world.client("finance")
    review = finance.post(world.url("/reviews/")).location
    refused = finance.post(
        f"{review}/decisions", data={"decision": "raise", "note": "涨一点", "selected": [str(flagged)]}
    )
    assert refused.status_code == 422
    for kept in ("涨一点", "Enter by how many per cent"):
        assert kept in refused.text
    assert re.search(rf'value="{flagged}"[^>]* checked', refused.text)
    nobody = finance.post(f"{review}/decisions", data={"decision": "keep", "note": "照旧"})
    assert nobody.status_code == 422
    assert "Tick the customers" in nobody.text
    everyone = {"decision": "keep", "note": "照旧", "all_matching": "1"}
    assert finance.post(f"{review}/decisions?only=flagged", data=everyone).status_code == 303
    assert "1 of 3" in text_of(finance.get(review).text)
    assert finance.post(f"{review}/decisions?only=undecided", data=everyone).status_code == 303
    assert "3 of 3" in text_of(finance.get(review).text)
    assert "客户00002" not in finance.get(f"{review}?only=flagged").text
    assert zero


def test_who_explains_second_is_shown_what_the_first_wrote(world: World) -> None:
    flagged, _zero, _unlimited = three_customers(world)
    review = world.open_review()
    seller = world.client("sales_manager")
    url = world.url(f"/reviews/{review}/of/{flagged}")
    version = re.search(r'name="version" value="([^"]+)"', seller.get(url).text)
    assert version is not None
    world.explain_line(review, flagged, "财务已写")
    answer = seller.post(f"{url}/explanation", data={"explanation": "销售写的", "version": version[1]})
    assert answer.status_code == 422
    assert "财务已写" in answer.text
    assert "销售写的" in answer.text


def test_it_prints_and_exports_what_the_page_shows(world: World) -> None:
    flagged, _zero, _unlimited = three_customers(world)
    review = world.open_review()
    world.explain_line(review, flagged, "旺季在春节前")
    world.decide_line(review, flagged, "cut", limit="800")
    director = world.client("finance_director")
    url = world.url(f"/reviews/{review}")
    paper = text_of(director.get(f"{url}/paper").text)
    for expected in (
        "Review of credit limits RV-2026-000001",
        "low sales for the limit : 旺季在春节前",
        "800.00",
        "General manager",
    ):
        assert expected.replace(" :", ":") in paper.replace(" :", ":"), expected
    csv = director.get(f"{url}.csv")
    assert csv.mimetype == "text/csv"
    rows = csv.text.splitlines()
    assert len(rows) == 4
    assert "00001" in rows[1]
    assert "800.00" in rows[1]
    assert world.client("salesperson").get(f"{url}.csv").status_code == 403


def test_a_cancelled_review_changes_nothing_and_makes_room_for_another(world: World) -> None:
    three_customers(world)
    finance = world.client("finance")
    review = finance.post(world.url("/reviews/")).location
    again = finance.post(world.url("/reviews/"))
    assert again.status_code == 422
    assert "RV-2026-000001 is not finished" in again.text
    assert finance.post(f"{review}/cancellation", data={"reason": ""}).status_code == 422
    assert finance.post(f"{review}/cancellation", data={"reason": "数据不全"}).status_code == 303
    late = finance.post(f"{review}/cancellation", data={"reason": "再取消一次"})
    assert late.status_code == 422
    assert "再取消一次" in late.text
    assert finance.post(world.url("/reviews/")).status_code == 303
