"""The pages of credit over HTTP: limits and exposure, one customer's credit, stops, overrides, guarantees, Annex 2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from ar.credit.checks.holds.commands import lift_stop
from ar.credit.checks.holds.inputs import LiftStop
from ar.credit.checks.holds.notice import recheck_notice
from ar.credit.models import LimitChange, OverLimitRequest
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import OrderFacts
from kernel.clock import fixed_clock, moment_on
from kernel.ids import new_id
from tests.support.approvals import approve_all, everybody
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is TODAY."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield world


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_list_says_who_is_over_and_leaves_as_a_file(world: World) -> None:
    over, within = world.creditor(100_00, "OVER"), world.creditor(100_00, "WITHIN")
    world.invoice(over, number="INV-1", on=TODAY, minor=150_00)
    world.commit_order(within, new_id(), OrderAmounts(40_00, 0, 0, 0))
    client = world.client("finance")
    every = text_of(client.get(world.url("/credit/limits/")).text)
    assert ("OVER" in every, "WITHIN" in every) == (True, True)
    page = text_of(client.get(world.url("/credit/limits/?state=over&sort=-used")).text)
    assert ("OVER" in page, "WITHIN" in page, "150.0%" in page) == (True, False, True)
    rows = client.get(world.url("/credit/limits/export.csv?state=over")).text.splitlines()
    assert len(rows) == 2
    assert "150.00" in rows[1]
    assert client.get(world.url("/credit/limits/export.xlsx")).data[:2] == b"PK"
    assert world.client("warehouse").get(world.url("/credit/limits/")).status_code == 403


def test_a_salesperson_sees_the_limits_of_own_customers_alone(world: World) -> None:
    own, other = world.creditor(100_00, "OWN"), world.creditor(100_00, "OTHER")
    client = world.client("salesperson")
    world.give_to(client, own)
    page = text_of(client.get(world.url("/credit/limits/")).text)
    assert ("OWN" in page, "OTHER" in page) == (True, False)
    assert client.get(world.url(f"/credit/customers/{own}")).status_code == 200
    assert client.get(world.url(f"/credit/customers/{other}")).status_code == 404


def test_from_a_request_to_a_limit_on_the_time_line(world: World) -> None:
    customer = world.creditor(1_000_00)
    everybody(world, ("general_manager",))
    client, url = world.client("finance"), world.url(f"/credit/customers/{customer}")
    asked = {"kind": "temporary", "size": "amount", "amount": "5oo", "currency": "CNY", "reason": "peak season"}
    asked |= {"valid_from": TODAY.isoformat(), "valid_to": (TODAY + timedelta(days=9)).isoformat(), "key": fresh_key()}
    refused = client.post(f"{url}/limits", data=asked)
    assert (refused.status_code, "peak season" in refused.text) == (422, True)
    assert client.post(f"{url}/limits", data=asked | {"amount": "500", "key": fresh_key()}).status_code == 303
    assert "A limit waits for the general manager" in client.get(url).text
    with world.reading() as db:
        approval = db.query(LimitChange.approval_id).filter(LimitChange.tenant_id == world.tenant_id).scalar()
    approve_all(world, approval, TODAY)
    page = text_of(client.get(url).text)
    assert ("Temporary" in page, "through 2026-11-29" in page, "peak season" in page) == (True, True, True)


def test_stop_and_release_with_a_reason_each(world: World) -> None:
    customer = world.creditor(1_000_00)
    client, url = world.client("finance"), world.url(f"/credit/customers/{customer}")
    assert client.post(f"{url}/stops", data={"reason": "", "key": fresh_key()}).status_code == 422
    past = {"reason": "lawsuit", "until_on": "2026-01-01", "key": fresh_key()}
    assert "already past" in client.post(f"{url}/stops", data=past).text
    assert client.post(f"{url}/stops", data={"reason": "lawsuit", "key": fresh_key()}).status_code == 303
    page = client.get(url).text
    assert "Shipments stopped" in text_of(page)
    lifting = re.search(r'action="([^"]*/lifting)"', page)
    assert lifting is not None
    assert client.post(lifting[1], data={"key": fresh_key()}).status_code == 422
    assert client.post(lifting[1], data={"reason": "settled", "key": fresh_key()}).status_code == 303
    assert "settled" in text_of(client.get(url).text)
    assert world.client("salesperson").post(f"{url}/stops", data={"reason": "x" * 9}).status_code in (403, 404)


def test_an_override_and_a_guarantee_are_recorded_and_ended(world: World) -> None:
    customer = world.creditor(1_000_00)
    client, url = world.client("finance"), world.url(f"/credit/customers/{customer}")
    until = (TODAY + timedelta(days=3)).isoformat()
    override = {"code": "statement", "until_on": until, "reason": "asked twice", "key": fresh_key()}
    assert client.post(f"{url}/overrides", data=override).status_code == 303
    given = {"kind": "guarantee", "provider": "某担保公司", "amount": "500", "currency": "CNY", "key": fresh_key()}
    given |= {"valid_from": "2026-01-01", "valid_to": "2026-08-31"}
    assert client.post(f"{url}/guarantees", data=given).status_code == 303
    page = client.get(url).text
    assert "claim by 2027-02-28" in text_of(page)
    for ending in re.findall(r'action="([^"]*/end)"', page):
        assert client.post(ending, data={"reason": "released", "key": fresh_key()}).status_code == 303
    assert "released" in text_of(client.get(url).text)


def test_annex_2_shows_its_figures_and_decisions(world: World) -> None:
    customer = world.creditor(1_000_00)
    everybody(world, ("sales_manager", "finance_director", "general_manager"))
    order = OrderFacts(new_id(), "SO-9", "CNY", 1_100_00, 1_100_00, term_days=30)
    approval = world.request_over_limit(customer, order, TODAY)
    with world.reading() as db:
        found: UUID = db.query(OverLimitRequest.id).filter(OverLimitRequest.tenant_id == world.tenant_id).scalar()
    client = world.client("finance")
    assert "SO-9" in client.get(world.url("/credit/over-limit/")).text
    approve_all(world, approval, TODAY)
    page = text_of(client.get(world.url(f"/credit/over-limit/{found}")).text)
    assert ("10.0%" in page, "Sales manager" in page, "看过了" in page) == (True, True, True)


def test_the_notice_of_a_stop_goes_once_and_not_after_it_was_lifted(world: World) -> None:
    customer = world.debtor("D1")
    stop = world.stop_shipments(customer, "three invoices are 60 days past due")
    client, url = world.client("finance"), world.url(f"/credit/customers/{customer}")
    page = client.get(url).text
    action = re.search(r'action="([^"]*/notice)"', page)
    assert action is not None
    assert client.post(action[1], data={"key": fresh_key()}).status_code == 303
    mail = world.mails("stop_notice")[0]
    assert ("SN-2026-000001" in mail.subject, "three invoices are 60 days past due" in mail.body_text) == (True, True)
    assert client.get(f"{url}/stops/{stop}/notice").data[:5] == b"%PDF-"
    assert "already sent" in client.post(action[1], data={"key": fresh_key()}, follow_redirects=True).text
    with world.transaction() as db:
        assert recheck_notice(db, world.actor(), mail) is None
        lift_stop(db, world.actor(), stop, LiftStop(reason="paid"))
        assert recheck_notice(db, world.actor(), mail) == "stop_lifted"
