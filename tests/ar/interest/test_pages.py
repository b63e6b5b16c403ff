"""The pages of late interest over HTTP: preview, posting, conflict, waiver, terms and rates; who may, what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.cli import main
from kernel.clock import fixed_clock, moment_on
from tests.support.world import World
from tests.support.world.base import fresh_key

TODAY = date(2026, 2, 13)


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company with one invoice 45 days late, on TODAY."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        world = world.on(TODAY)
        world.late_invoice(world.customer(), number="INV-1", minor=100_000_00, days_late=45)
        yield world


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def form_fields(page: str) -> dict[str, str]:
    """Returns the fields of the posting form, with everyone ticked whom nothing speaks against."""
    form = page.split('method="post"', 2)[-1]
    inputs = [tag for tag in re.findall(r"<input[^>]*>", form) if "checkbox" not in tag]
    typed = dict(found.groups() for tag in inputs if (found := re.search(r' name="(\w+)".* value="([^"]*)"', tag)))
    return typed | {"everyone": "1"}


def preview_page(world: World, client: FlaskClient) -> str:
    answer = client.get(world.url(f"/interest/new?through_on={TODAY}"))
    assert answer.status_code == 200
    return answer.text


def posted_charge(world: World) -> UUID:
    return world.post_interest().charges[0].id


def test_the_preview_shows_line_by_line_where_each_figure_comes_from(world: World) -> None:
    client = world.client()
    page = text_of(preview_page(world, client))
    for expected in (
        "INV-1",
        "2025-12-31",
        "2026-02-13",
        "45",
        "100,000.00",
        "3.9% a year ÷ 365",
        "One-year LPR 3% since 2025-05-20 × 1.3",
        "480.821918",
        "480.82",
    ):
        assert expected in page, expected


def test_a_preview_is_posted_once_and_leads_to_its_documents(world: World) -> None:
    client = world.client()
    form = form_fields(preview_page(world, client))
    first = client.post(world.url("/interest/"), data=form)
    again = client.post(world.url("/interest/"), data=form)
    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    run = client.get(first.location).text
    assert "INT-2026-000001" in run
    charge = re.search(r"/interest/charges/[0-9a-f-]+", run)
    assert charge
    assert "480.821918" in client.get(world.url(charge[0].partition(world.slug)[2] or charge[0])).text
    assert "IR-2026-000001" in client.get(world.url("/interest/")).text


def test_when_the_books_moved_the_new_figures_are_shown_instead(world: World) -> None:
    client = world.client()
    form = form_fields(preview_page(world, client))
    customer = world.customer()
    world.invoice(
        customer, number="INV-2", on=TODAY - timedelta(days=20), minor=50_000_00, due_on=TODAY - timedelta(days=10)
    )
    answer = client.post(world.url("/interest/"), data=form | {"due_days": "7"})
    assert answer.status_code == 409
    page = text_of(answer.text)
    assert "The books have changed" in page
    assert "INV-2" in page
    assert 'value="7"' in answer.text
    assert client.post(world.url("/interest/"), data=form_fields(answer.text)).status_code == 303


def test_what_is_ticked_off_is_left_out_and_kept_when_the_form_comes_back(world: World) -> None:
    client = world.client()
    form = form_fields(preview_page(world, client))
    group = world.interest_preview().groups[0]
    item = str(group.items[0].item_id)
    del form["everyone"]
    answer = client.post(world.url("/interest/"), data=form | {"leave_out": item, "customers": str(group.customer_id)})
    assert answer.status_code == 422
    assert "Nothing is left to charge" in answer.text
    assert re.search(rf'value="{item}"[^>]* checked', answer.text)


def test_nobody_is_charged_who_was_not_ticked(world: World) -> None:
    client = world.client()
    page = preview_page(world, client)
    assert "checked" not in page.split('name="everyone"')[1].split("</form>")[0]
    form = form_fields(page)
    del form["everyone"]
    answer = client.post(world.url("/interest/"), data=form)
    assert answer.status_code == 422
    assert "Tick the customers to charge, or all of them." in answer.text


def test_the_held_and_the_too_small_say_so_and_are_not_charged_with_everyone(world: World) -> None:
    client = world.client()
    held, disputing = world.customer("H-1", "Held Ltd"), world.customer("D-1", "Disputing Ltd")
    small = world.customer("S-1", "Small Ltd")
    for customer, number, minor in ((held, "H", 9_000_00), (disputing, "D1", 9_000_00), (small, "S", 100_00)):
        world.late_invoice(customer, number=number, minor=minor, days_late=20)
    disputed = world.late_invoice(disputing, number="D2", minor=9_000_00, days_late=20)
    world.hold(held, on=TODAY, reason="insolvency")
    world.hold(disputing, on=TODAY, item=disputed, kind="dispute", reason="broken goods")
    url = world.url(f"/interest/new?through_on={TODAY}&minimum=5")
    page = client.get(url).text
    for said in ("On hold until lifted: insolvency", "Disputed: broken goods", "Below the smallest document of"):
        assert said in text_of(page), said
    assert "Charge all 2 customers that nothing speaks against" in page
    run = client.get(client.post(world.url("/interest/"), data=form_fields(page)).location).text
    charged = [name for name in ("Held Ltd", "Small Ltd", "Disputing Ltd") if name in run]
    assert charged == ["Disputing Ltd"]
    left = {item.document_no for group in world.interest_preview().groups for item in group.items}
    assert left == {"H", "S", "D2"}


def test_a_document_falls_due_by_the_terms_of_its_customer_and_the_preview_says_when(world: World) -> None:
    client = world.client()
    page = preview_page(world, client)
    due = (TODAY + timedelta(days=30)).isoformat()
    assert f"due {due}" in text_of(page)
    assert due in client.get(client.post(world.url("/interest/"), data=form_fields(page)).location).text
    soon = client.get(world.url(f"/interest/new?through_on={TODAY}&due_days=7")).text
    assert "Nothing to charge" in soon


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"document_on": "2026-02-30"}, "Enter a date such as"),
        ({"document_on": "2026-02-14"}, "The documents must be dated from"),
        ({"due_days": "many"}, "Enter a whole number"),
    ],
)
def test_bad_input_comes_back_with_its_error(world: World, values: dict[str, str], sentence: str) -> None:
    client = world.client()
    form = form_fields(preview_page(world, client))
    answer = client.post(world.url("/interest/"), data=form | values)
    assert answer.status_code == 422
    assert sentence in answer.text
    for value in values.values():
        assert f'value="{value}"' in answer.text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("through_on=2026-02-14", "Interest runs through today"),
        ("through_on=2026-02-10&customer_no=777", "There is no customer with the number 777"),
    ],
)
def test_a_preview_that_cannot_be_says_why(world: World, query: str, sentence: str) -> None:
    answer = world.client().get(world.url(f"/interest/new?{query}"))
    assert answer.status_code == 422
    assert sentence in answer.text


def test_waive_claim_again_and_reverse_over_the_page(world: World) -> None:
    client, charge = world.client(), posted_charge(world)
    url = world.url(f"/interest/charges/{charge}")
    bad = client.post(f"{url}/waivers", data={"amount": "999", "reason": "goodwill", "key": fresh_key()})
    assert bad.status_code == 422
    assert "At most 480.82" in bad.text
    assert 'value="999"' in bad.text
    form = {"amount": "80.82", "reason": "goodwill", "key": fresh_key()}
    for _twice in range(2):
        assert client.post(f"{url}/waivers", data=form).status_code == 303
    (waiver,) = world.interest_charge(charge).waivers
    assert "goodwill" in client.get(url).text
    refused = client.post(f"{url}/reversal", data={"reason": "wrong"})
    assert refused.status_code == 422
    assert "has allocations" in refused.text
    again = world.url(f"/interest/waivers/{waiver.id}/reinstatement")
    assert client.post(again, data={}).status_code == 422
    assert client.post(again, data={"reason": "not kept"}).status_code == 303
    assert client.post(f"{url}/reversal", data={"reason": "wrong"}).status_code == 303
    assert "Reversed" in client.get(url).text


def test_terms_are_recorded_and_shown_with_what_was_typed_kept(world: World) -> None:
    client = world.client()
    customer = world.customer()
    url = world.url(f"/interest/terms/{customer}")
    bad = client.post(url, data={"kind": "contract", "from_on": "2025-01-01", "note": "clause 7", "factor": "x"})
    assert bad.status_code == 422
    assert "enter one of them" in bad.text
    assert "Enter a number such as" in bad.text
    assert 'value="clause 7"' in bad.text
    good = {
        "kind": "contract",
        "from_on": "2025-01-01",
        "daily_percent": "0.05 %",
        "grace_days": "3",
        "note": "clause 7",
    }
    assert client.post(url, data=good).status_code == 303
    shown = text_of(client.get(url).text)
    assert "0.05% a day" in shown
    assert "days of grace: 3" in shown
    assert "clause 7" in shown
    assert world.interest_preview().totals == {"CNY": 2_250_00}
    minimum = client.post(url, data={"kind": "lpr", "from_on": "2025-01-01", "minimum": "50"})
    assert minimum.status_code == 422
    assert "needs a currency" in minimum.text
    world = world.url("/interest/terms")
    assert client.post(world, data={"kind": "standard", "from_on": "2025-01-01"}).status_code == 422
    assert client.post(world, data={"kind": "lpr", "from_on": "2025-01-01", "factor": "1.5"}).status_code == 303
    assert "× 1.5" in client.get(world).text


def test_rates_are_listed_and_recorded(world: World) -> None:
    client, url = world.client(), world.url("/interest/rates")
    page = text_of(client.get(url).text)
    for expected in ("4.25%", "2019-08-20", "3%", "0.05%", "2.15%", "3.75%"):
        assert expected in page, expected
    rate = {"series": "ecb_reference", "from_on": "2026-03-01", "percent": "2.00", "source": "ecb.europa.eu"}
    bad = client.post(url, data=rate)
    assert bad.status_code == 422
    assert "begins on 1 January or 1 July" in bad.text
    assert client.post(url, data=rate | {"from_on": "2026-07-01"}).status_code == 303
    assert "Recorded here" in client.get(url).text


@pytest.mark.parametrize("role", ["auditor", "collector"])
def test_who_does_not_post_reads_and_changes_nothing(world: World, role: str) -> None:
    charge = posted_charge(world)
    client = world.client(role)
    assert client.get(world.url("/interest/")).status_code == 200
    assert "Waive" not in text_of(client.get(world.url(f"/interest/charges/{charge}")).text).replace("Waived", "")
    for path in (
        "/interest/",
        f"/interest/charges/{charge}/waivers",
        f"/interest/charges/{charge}/reversal",
        "/interest/rates",
    ):
        assert client.post(world.url(path), data={}).status_code == 403, path
    assert client.get(world.url("/interest/new")).status_code == 403


def test_every_page_in_chinese(world: World) -> None:
    charge = posted_charge(world)
    client, customer = world.client(language="zh_CN"), world.customer()
    for path in ("", "new", f"new?through_on={TODAY}", "terms", f"terms/{customer}", "rates", f"charges/{charge}"):
        assert client.get(world.url(f"/interest/{path}")).status_code == 200, path


def test_the_command_line_previews_and_posts(world: World) -> None:
    slug, runner = world.slug, CliRunner()
    asked = ["--tenant", slug, "--through", TODAY.isoformat(), "--date", TODAY.isoformat(), "--json"]
    seen = json.loads(runner.invoke(main, ["interest", "preview", *asked]).output)
    assert seen["totals"] == [{"currency": "CNY", "amount_minor": 480_82}]
    assert seen["lines"][0]["rate"]["percent"] == "3.9"
    done = json.loads(runner.invoke(main, ["interest", "post", *asked]).output)
    assert [row["amount_minor"] for row in done["documents"]] == [480_82]
    again = runner.invoke(main, ["interest", "post", *asked])
    assert again.exit_code == 1
    assert json.loads(again.output)["error"]["code"] == "interest_nothing"
