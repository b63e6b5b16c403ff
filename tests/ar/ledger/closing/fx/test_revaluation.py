"""Exchange differences by figures worked out by hand: booked once, taken back, and right when nothing is left."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.ledger.closing.audit.checks import ledger_checks
from ar.ledger.closing.commands import lock_through
from ar.ledger.closing.fx.inputs import ReverseRevaluation
from ar.ledger.closing.fx.rates import NewRate, record_rates
from ar.ledger.closing.fx.revaluation import (
    ReceivablesMovement,
    post_revaluation,
    posted_revaluations,
    preview_revaluation,
    reverse_revaluation,
    value_movements,
)
from ar.ledger.models import Entry, Posting
from ar.ledger.rules.conversion import DatedRate
from kernel.errors import Conflict, NotFound, RuleBroken
from tests.support.world import TODAY, World

SEP, OCT = date(2026, 9, 30), date(2026, 10, 31)


@pytest.fixture
def world(world: World) -> World:
    """1,000.00 USD invoiced at 7.10 on 10 Sep, 400.00 paid at 7.20 on 10 Oct; 50,000 JPY at 0.0480 on 20 Sep.

    Month ends: USD 7.15 (Sep), 7.05 (Oct); JPY 0.0470 (Sep), 0.0475 (Oct).
    """
    with world.transaction() as db:
        record_rates(
            db,
            world.actor(TODAY),
            [
                NewRate("USD", date(2026, 9, 10), Decimal("7.10")),
                NewRate("USD", SEP, Decimal("7.15")),
                NewRate("USD", date(2026, 10, 10), Decimal("7.20")),
                NewRate("USD", OCT, Decimal("7.05")),
                NewRate("JPY", date(2026, 9, 20), Decimal("0.0480")),
                NewRate("JPY", SEP, Decimal("0.0470")),
                NewRate("JPY", OCT, Decimal("0.0475")),
            ],
        )
    customer = world.customer()
    world.invoice(customer, number="I-CNY", on=date(2026, 9, 1), minor=500_00)
    invoice = world.invoice(customer, number="I-USD", on=date(2026, 9, 10), minor=1_000_00, currency="USD")
    world.invoice(customer, number="I-JPY", on=date(2026, 9, 20), minor=50_000, currency="JPY")
    receipt = world.receipt(customer, number="R-USD", on=date(2026, 10, 10), minor=400_00, currency="USD")
    world.allocate(invoice, receipt, minor=400_00)
    return world


def revalue(world: World, as_of: date) -> UUID:
    with world.transaction() as db:
        return post_revaluation(db, world.actor(TODAY), as_of)


def postings_of_entry(world: World, entry_id: UUID) -> set[tuple[str, str, int, int]]:
    p = Posting
    with world.reading() as db:
        rows = db.execute(
            sa.select(p.account_code, p.currency, p.debit_minor, p.credit_minor).where(
                p.tenant_id == world.tenant_id, p.entry_id == entry_id
            )
        )
        return {tuple(row) for row in rows}


def test_two_months_by_hand(world: World) -> None:
    """September: USD 7,150.00 − 7,100.00 = +50.00, JPY 2,350.00 − 2,400.00 = −50.00: nothing to book.

    October: USD 600.00 × 7.05 = 4,230.00, booked 7,100.00 − 400.00 × 7.20 = 4,220.00: +10.00.
    JPY 50,000 × 0.0475 = 2,375.00, booked 2,400.00: −25.00. Together −15.00.
    """
    with world.reading() as db:
        september, october = (preview_revaluation(db, world.tenant_id, on) for on in (SEP, OCT))
    assert [(line.currency, line.difference_minor) for line in september.lines] == [("JPY", -50_00), ("USD", 50_00)]
    assert (september.total_minor, september.to_post_minor) == (0, 0)
    assert [(line.balance_minor, line.value_minor, line.carrying_minor) for line in october.lines] == [
        (50_000, 2_375_00, 2_400_00),
        (600_00, 4_230_00, 4_220_00),
    ]
    assert october.to_post_minor == -15_00
    with pytest.raises(RuleBroken) as refused:
        revalue(world, SEP)
    assert refused.value.code == "nothing_to_revalue"
    entry = revalue(world, OCT)
    assert postings_of_entry(world, entry) == {
        ("receivables_fx", "CNY", 0, 15_00),
        ("exchange_difference", "CNY", 15_00, 0),
    }
    with pytest.raises(RuleBroken):
        revalue(world, OCT)


def test_what_is_paid_leaves_its_realised_difference_and_nothing_else(world: World) -> None:
    """The rest of the dollars comes in at 7.00: −60.00 against the 4,220.00 − … and the balance is worth nothing."""
    revalue(world, OCT)
    with world.transaction() as db:
        record_rates(db, world.actor(TODAY), [NewRate("USD", date(2026, 11, 5), Decimal("7.00"))])
    customer = world.customer()
    world.receipt(customer, number="R-REST", on=date(2026, 11, 5), minor=600_00, currency="USD")
    with world.reading() as db:
        (jpy, usd) = preview_revaluation(db, world.tenant_id, date(2026, 11, 5)).lines
    assert (usd.balance_minor, usd.value_minor) == (0, 0)
    # invoiced 7,100.00, received 2,880.00 and 4,200.00: a loss of 20.00 in all
    assert usd.difference_minor == -20_00
    assert jpy.difference_minor == -25_00
    entry = revalue(world, date(2026, 11, 5))
    assert ("receivables_fx", "CNY", 0, 30_00) in postings_of_entry(world, entry)  # −45.00 in all, −15.00 booked before


def test_a_revaluation_is_taken_back_once_and_can_be_booked_again(world: World) -> None:
    entry = revalue(world, OCT)
    back = ReverseRevaluation(on=OCT, reason="wrong rate")
    with world.transaction() as db:
        reverse_revaluation(db, world.actor(TODAY), entry, back)
    with pytest.raises(Conflict) as refused, world.transaction() as db:
        reverse_revaluation(db, world.actor(TODAY), entry, back)
    assert refused.value.code == "already_reversed"
    with world.reading() as db:
        assert preview_revaluation(db, world.tenant_id, OCT).to_post_minor == -15_00
        assert [(row.minor, row.reversed_on) for row in posted_revaluations(db, world.tenant_id)] == [(-15_00, OCT)]
    revalue(world, OCT)
    with world.reading() as db:
        assert [check for check in ledger_checks(db, world.tenant_id) if not check.ok] == []


def test_only_a_revaluation_is_taken_back_here(world: World) -> None:
    e = Entry
    with world.reading() as db:
        some = db.execute(sa.select(e.id).where(e.tenant_id == world.tenant_id, e.kind == "invoice")).scalars().first()
    assert some is not None
    for entry_id in (some, uuid4()):
        with pytest.raises(NotFound), world.transaction() as db:
            reverse_revaluation(db, world.actor(TODAY), entry_id, ReverseRevaluation(on=TODAY, reason="x"))


def test_without_a_rate_nothing_is_booked(world: World) -> None:
    world.invoice(world.customer(), number="I-EUR", on=OCT, minor=1_00, currency="EUR")
    with world.reading() as db:
        found = preview_revaluation(db, world.tenant_id, OCT)
    assert (found.total_minor, found.to_post_minor) == (None, None)
    assert [(line.currency, line.missing_on) for line in found.missing] == [("EUR", OCT)]
    with pytest.raises(RuleBroken) as refused:
        revalue(world, OCT)
    assert refused.value.code == "rate_missing"


def test_a_rate_that_came_later_does_not_serve_an_earlier_day() -> None:
    rates = {"USD": [DatedRate(Decimal("7.1"), OCT)]}
    (line,) = value_movements([ReceivablesMovement("USD", SEP, 100)], rates, "CNY", TODAY)
    assert (line.missing_on, line.difference_minor) == (SEP, None)


def test_a_locked_month_and_the_future_are_refused(world: World) -> None:
    with world.transaction() as db:
        lock_through(db, world.actor(TODAY), OCT)
    with pytest.raises(RuleBroken) as refused:
        revalue(world, OCT)
    assert refused.value.code == "period_locked"
    with pytest.raises(RuleBroken) as refused:
        revalue(world, date(2026, 11, 21))
    assert refused.value.code == "revaluation_in_future"


def test_the_page_previews_books_once_and_reverses(world: World) -> None:
    client, url = world.client(), world.url("/books/exchange")
    page = client.get(url, query_string={"as_of": "2026-10-31"}).get_data(as_text=True)
    for figure in ("4,230.00", "4,220.00", "2,375.00", "−25.00", "−CN¥15.00"):
        assert figure in page, figure
    sent = {"as_of": "2026-10-31", "key": str(uuid4())}
    assert client.post(url, data=sent).status_code == 303
    assert client.post(url, data=sent).status_code == 303
    with world.reading() as db:
        (row,) = posted_revaluations(db, world.tenant_id)
    again = client.post(url, data={**sent, "key": str(uuid4())})
    assert again.status_code == 422
    assert "no exchange difference left to post" in again.get_data(as_text=True)
    reversal = f"{url}/{row.entry_id}/reversal"
    early = client.post(reversal, data={"on": "2026-10-30", "reason": "typed"})
    assert early.status_code == 422
    assert "cannot be before 2026-10-31" in early.get_data(as_text=True)
    assert client.post(reversal, data={"on": "2026-10-31", "reason": "wrong"}).status_code == 303
    assert "Reversed on" in client.get(url).get_data(as_text=True)


def test_who_may_not_book_sees_the_preview_alone(world: World) -> None:
    client, url = world.client("auditor"), world.url("/books/exchange")
    page = client.get(url, query_string={"as_of": "2026-10-31"})
    assert page.status_code == 200
    assert "Post the exchange difference" not in page.get_data(as_text=True)
    assert client.post(url, data={"as_of": "2026-10-31", "key": str(uuid4())}).status_code == 403
    assert client.post(f"{url}/{uuid4()}/reversal", data={"on": "2026-10-31", "reason": "x"}).status_code == 403
