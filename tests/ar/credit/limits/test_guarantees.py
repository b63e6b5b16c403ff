"""Guarantees: the time to claim follows from the dates alone, and people hear of it 30 and 7 days ahead, once each."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from uuid import UUID

import pytest

from ar.credit.limits.guarantees.commands import register_guarantee
from ar.credit.limits.guarantees.jobs import remind
from ar.credit.limits.inputs import RegisterGuarantee
from ar.credit.rules.guarantees import claim_by, reminder_due
from kernel.errors import RuleBroken
from kernel.uploads import UploadedFile
from tests.support.approvals import person
from tests.support.world import World
from tests.support.world.base import fresh_key


@pytest.mark.parametrize(
    ("kind", "until", "expected"),
    [
        ("guarantee", date(2026, 8, 31), date(2027, 2, 28)),
        ("guarantee", date(2027, 8, 31), date(2028, 2, 29)),
        ("guarantee", None, None),
        ("mortgage", date(2026, 8, 31), None),
    ],
)
def test_six_months_to_claim_end_with_the_month(kind: str, until: date | None, expected: date | None) -> None:
    assert claim_by(kind, until) == expected


@pytest.mark.parametrize(("today", "due"), [(1, None), (2, 30), (24, 30), (25, 7), (31, 7)])
def test_which_reminder_is_due(today: int, due: int | None) -> None:
    assert reminder_due(date(2027, 2, 1), date(2027, 1, today)) == due
    assert reminder_due(date(2027, 2, 1), date(2027, 2, 2)) is None


def test_people_hear_of_an_end_30_and_7_days_ahead_once_each(world: World) -> None:
    person(world, "finance")
    customer = world.customer()
    data = RegisterGuarantee(
        kind="insurance",
        provider="某保险公司",
        currency="CNY",
        amount="1000",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 20),
        key=fresh_key(),
    )
    with world.transaction() as db:
        register_guarantee(db, world.actor(), customer, data)
    sent = []
    for day in (date(2026, 11, 20), date(2026, 11, 21), date(2026, 12, 13), date(2026, 12, 14), date(2026, 12, 21)):
        with world.transaction() as db:
            remind(db, world.actor(day), {})
        sent.append(len(world.mails("guarantee_reminder")))
    readers = sent[0]
    assert (readers > 0, sent) == (True, [readers, readers, 2 * readers, 2 * readers, 2 * readers])
    assert "2026-12-20" in world.mails("guarantee_reminder")[0].body_text


PDF = b"%PDF-1.7\n%guarantee\n"


def fields(**values: object) -> dict[str, object]:
    known = {
        "kind": "guarantee",
        "provider": "王建国",
        "currency": "CNY",
        "amount": "500000",
        "valid_from": "2026-01-01",
    }
    return known | {"key": fresh_key()} | values


def test_its_paper_is_kept_beside_it_and_read_by_who_sees_the_customer(world: World) -> None:
    customer, client = world.customer(), world.client("finance")
    page = world.url(f"/credit/customers/{customer}")
    sent = client.post(f"{page}/guarantees", data=fields(file=(BytesIO(PDF), "保证合同.pdf")))
    assert sent.status_code == 303
    shown = client.get(page).text
    found = re.search(r'href="([^"]+/guarantees/[^"]+/file)">保证合同.pdf', shown)
    assert found is not None
    assert client.get(found[1]).data == PDF
    assert world.client("salesperson").get(found[1]).status_code == 404, "of a colleague's customer"


def test_a_paper_that_is_none_is_refused_and_nothing_typed_is_lost(world: World) -> None:
    customer, client = world.customer(), world.client("finance")
    url = world.url(f"/credit/customers/{customer}/guarantees")
    answer = client.post(url, data=fields(file=(BytesIO(b"MZ"), "g.exe")))
    assert (answer.status_code, "not of an accepted type" in answer.text, "王建国" in answer.text) == (422, True, True)
    phone = client.post(url, data=fields(file=(BytesIO(b"\x00\x00\x00\x18ftypheic"), "IMG_1.HEIC")))
    assert (phone.status_code, "Most Compatible" in phone.text, "王建国" in phone.text) == (422, True, True)
    large = UploadedFile("g.pdf", PDF + b"0" * 12_000_000)
    with pytest.raises(RuleBroken, match="guarantee_file_size"), world.transaction() as db:
        register_guarantee(db, world.actor(), customer, RegisterGuarantee.model_validate(fields()), large)


def register(world: World, customer: UUID, provider: str, valid_to: date | None, kind: str = "guarantee") -> None:
    data = fields(kind=kind, provider=provider, valid_from=date(2025, 1, 1), valid_to=valid_to)
    with world.transaction() as db:
        register_guarantee(db, world.actor(), customer, RegisterGuarantee.model_validate(data))


def test_what_comes_to_a_deadline_stands_on_today_and_leads_to_the_list(world: World) -> None:
    customer = world.customer("00001", "甲公司")
    world.invoice(customer, number="INV-1")
    register(world, customer, "SOON", date(2027, 1, 10), "mortgage")
    register(world, customer, "CLAIM", date(2026, 7, 1))  # to be claimed by 1 January
    register(world, customer, "LATER", date(2027, 6, 1))
    register(world, customer, "GONE", date(2026, 1, 1), "deposit")
    client = world.client("finance")
    today = client.get(world.url("/")).text
    assert "2 guarantees come to a deadline" in today
    assert world.url("/credit/guarantees/?show=due") in today
    due = client.get(world.url("/credit/guarantees/?show=due")).text
    assert due.index("CLAIM") < due.index("SOON")
    assert ("LATER" in due, "GONE" in due) == (False, False)
    every = client.get(world.url("/credit/guarantees/")).text
    assert ("LATER" in every, "GONE" in every) == (True, False)
    assert "GONE" in client.get(world.url("/credit/guarantees/?show=over")).text
    assert "still to be claimed" in client.get(world.url(f"/credit/customers/{customer}")).text
    assert "come to a deadline" not in world.client("salesperson").get(world.url("/")).text


def test_credit_without_security_asks_for_some(world: World) -> None:
    customer, hint = world.creditor(1_000_00), "There is credit without security"
    page = world.url(f"/credit/customers/{customer}")
    seller = world.client("salesperson")
    world.give_to(seller, customer)
    assert hint in seller.get(page).text
    register(world, customer, "OVER", date(2026, 7, 1))
    assert hint in seller.get(page).text
    register(world, customer, "LATER", date(2027, 6, 1))
    assert hint not in seller.get(page).text
    without = world.creditor(0, "00002")
    assert hint not in world.client("finance").get(world.url(f"/credit/customers/{without}")).text
