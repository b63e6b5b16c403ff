"""What a late debt bears, as tables: golden figures, days, segments, rounding, grace, currencies; and as properties."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.interest.rules.accrual import (
    AccrualTerms,
    Assessment,
    Debt,
    Rate,
    Segment,
    assess,
    principal_by_span,
    uncharged_spans,
)
from ar.interest.rules.presets import BGB_BASE, ECB, LPR, OENB_BASE, SME_DAILY, PublishedRate, RateTable, fixed_sum
from ar.interest.rules.terms import TermsBook, TermsRow

TABLE = RateTable()
D = Decimal
JUNE_30 = date(2025, 6, 30)


def after(
    days: int, terms: AccrualTerms, *, currency: str = "CNY", minor: int = 100_000_00, due: date = JUNE_30
) -> Assessment:
    return assess(Debt(minor, currency, due), terms, TABLE, due + timedelta(days=days))


@pytest.mark.parametrize(
    ("terms", "currency", "due", "minor"),
    [
        (AccrualTerms("lpr", factor=D("1.5")), "CNY", JUNE_30, 554_79),
        (AccrualTerms("lpr", factor=D("1.3")), "CNY", JUNE_30, 480_82),
        (AccrualTerms("sme_daily"), "CNY", JUNE_30, 2_250_00),
        (AccrualTerms("eu", margin_percent=D(8)), "EUR", JUNE_30, 1_251_37),
        (AccrualTerms("uk", margin_percent=D(8)), "GBP", date(2026, 1, 31), 1_448_63),
        (AccrualTerms("contract", annual_percent=D("4.5")), "CNY", JUNE_30, 554_79),
        (AccrualTerms("contract", annual_percent=D("4.5"), basis=360), "CNY", JUNE_30, 562_50),
        (AccrualTerms("contract", daily_percent=D("0.05")), "USD", JUNE_30, 2_250_00),
    ],
)
def test_a_hundred_thousand_for_45_days(terms: AccrualTerms, currency: str, due: date, minor: int) -> None:
    found = after(45, terms, currency=currency, due=due)
    (segment,) = found.segments
    assert (segment.days, segment.from_on, segment.amount_minor) == (45, due + timedelta(days=1), minor)
    assert found.total_minor == minor


@pytest.mark.parametrize(("currency", "minor", "interest"), [("JPY", 1_000_000, 5_548), ("KWD", 1_000_000, 5_548)])
def test_rounding_is_to_the_currencys_own_smallest_unit(currency: str, minor: int, interest: int) -> None:
    """1,000,000 yen or 1,000.000 dinar at 4.5 % for 45 days: 5,547.9452… of the smallest unit."""
    found = after(45, AccrualTerms("contract", annual_percent=D("4.5")), currency=currency, minor=minor)
    assert found.interest_minor == interest
    assert found.segments[0].exact_minor == D("5547.945205")


@pytest.mark.parametrize(("principal", "rounded"), [(1, 1), (3, 2), (5, 3), (7, 4)])
def test_half_a_unit_is_rounded_up(principal: int, rounded: int) -> None:
    half = Segment(date(2025, 1, 1), date(2025, 1, 1), principal, Rate(D(50), "day", 0, "contract"))
    assert half.amount_minor == rounded


def test_nothing_is_borne_on_the_due_date_and_one_day_on_the_day_after() -> None:
    terms = AccrualTerms("sme_daily")
    assert after(0, terms).total_minor == 0
    assert after(-5, terms).total_minor == 0
    assert after(1, terms).total_minor == 50_00


def test_the_day_of_payment_still_counts_and_a_part_payment_splits() -> None:
    """Given 100,000 due 30 June, 40,000 paid on 10 July and the rest on 20 July: 10 days of all, 10 of the rest."""
    paid = ((date(2025, 7, 10), 40_000_00), (date(2025, 7, 20), 60_000_00))
    found = assess(Debt(100_000_00, "CNY", JUNE_30, paid), AccrualTerms("sme_daily"), TABLE, date(2025, 12, 31))
    assert [(s.from_on, s.to_on, s.days, s.principal_minor, s.amount_minor) for s in found.segments] == [
        (date(2025, 7, 1), date(2025, 7, 10), 10, 100_000_00, 500_00),
        (date(2025, 7, 11), date(2025, 7, 20), 10, 60_000_00, 300_00),
    ]


def test_what_was_paid_by_the_due_date_bears_nothing_and_what_is_taken_back_bears_again() -> None:
    paid = ((JUNE_30, 100_000_00), (date(2025, 7, 20), -100_000_00))
    found = assess(Debt(100_000_00, "CNY", JUNE_30, paid[:1]), AccrualTerms("sme_daily"), TABLE, date(2025, 12, 31))
    assert found.total_minor == 0
    found = assess(Debt(100_000_00, "CNY", JUNE_30, paid), AccrualTerms("sme_daily"), TABLE, date(2025, 7, 25))
    assert [(s.from_on, s.days) for s in found.segments] == [(date(2025, 7, 21), 5)]


def test_the_lpr_is_that_of_the_day_of_default_whatever_it_becomes() -> None:
    """Due 19 May 2025, in default on the 20th, when it became 3.00; due the day before: still 3.10."""
    for due, percent in ((date(2025, 5, 19), "3.0"), (date(2025, 5, 18), "3.1")):
        found = after(400, AccrualTerms("lpr", factor=D(1)), due=due)
        assert {s.rate.percent for s in found.segments} == {D(percent)}
        assert len(found.segments) == 1


def test_an_eu_rate_changes_with_the_half_year_and_a_uk_rate_stays() -> None:
    """Due 1 May 2025, through 31 July: ECB 3.15 to 30 June, then 2.15; Bank Rate of 31 December all along."""
    due, through = date(2025, 5, 1), date(2025, 7, 31)
    eu = assess(Debt(100_000_00, "EUR", due), AccrualTerms("eu", margin_percent=D(8)), TABLE, through)
    assert [(s.from_on, s.to_on, s.rate.percent, s.days) for s in eu.segments] == [
        (date(2025, 5, 2), date(2025, 6, 30), D("11.15"), 60),
        (date(2025, 7, 1), date(2025, 7, 31), D("10.15"), 31),
    ]
    uk = assess(Debt(100_000_00, "GBP", due), AccrualTerms("uk", margin_percent=D(8)), TABLE, through)
    assert [(s.rate.percent, s.days) for s in uk.segments] == [(D("12.75"), 91)]


@pytest.mark.parametrize(
    ("kind", "currency", "debt", "minor"),
    [
        ("eu", "EUR", 1, 40_00),
        ("eu", "EUR", 10_000_000_00, 40_00),
        ("eu", "CNY", 100_00, None),
        ("uk", "GBP", 999_99, 40_00),
        ("uk", "GBP", 1_000_00, 70_00),
        ("uk", "GBP", 9_999_99, 70_00),
        ("uk", "GBP", 10_000_00, 100_00),
        ("lpr", "CNY", 100_00, None),
    ],
)
def test_the_fixed_sum_of_a_late_debt(kind: str, currency: str, debt: int, minor: int | None) -> None:
    assert fixed_sum(kind, currency, debt, date(2025, 7, 1)) == minor


def test_the_fixed_sum_is_charged_once_with_the_first_interest() -> None:
    terms = AccrualTerms("uk", margin_percent=D(8), fixed_sum=True)
    debt = Debt(100_000_00, "GBP", JUNE_30)
    assert assess(debt, terms, TABLE, date(2025, 7, 10)).fixed_minor == 100_00
    again = Debt(100_000_00, "GBP", JUNE_30, charged=((date(2025, 7, 1), date(2025, 7, 10)),), fixed_charged=True)
    assert assess(again, terms, TABLE, date(2025, 7, 20)).fixed_minor == 0
    assert assess(debt, terms, TABLE, JUNE_30).fixed_minor == 0


def test_grace_decides_whether_not_from_when() -> None:
    terms = AccrualTerms("sme_daily", grace_days=5)
    assert (after(5, terms).reason, after(5, terms).total_minor) == ("grace", 0)
    assert after(6, terms).segments[0].from_on == date(2025, 7, 1)
    assert after(6, terms).total_minor == 300_00
    paid_within = Debt(100_000_00, "CNY", JUNE_30, ((date(2025, 7, 4), 100_000_00),))
    assert assess(paid_within, terms, TABLE, date(2025, 12, 31)).reason == "grace"


def test_less_than_the_smallest_charge_waits_and_no_interest_is_none() -> None:
    assert after(1, AccrualTerms("sme_daily", minimum_minor=50_01)).reason == "minimum"
    assert after(1, AccrualTerms("sme_daily", minimum_minor=50_00)).total_minor == 50_00
    assert after(90, AccrualTerms("none")).total_minor == 0


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        (AccrualTerms("lpr", factor=D("1.3")), date(2019, 8, 18)),
        (AccrualTerms("sme_daily"), date(2020, 8, 30)),
        (AccrualTerms("eu", margin_percent=D(8)), date(2019, 12, 30)),
    ],
)
def test_before_a_series_begins_there_is_no_rate(terms: AccrualTerms, due: date) -> None:
    found = after(30, terms, due=due)
    assert (found.reason, found.missing_on, found.total_minor) == ("no_rate", due + timedelta(days=1), 0)


def test_after_all_that_is_known_there_is_no_rate_until_somebody_records_one() -> None:
    known = TABLE.known_through(LPR)
    assert known is not None
    assert TABLE.in_force_on(LPR, known) is not None
    assert TABLE.in_force_on(LPR, known + timedelta(days=1)) is None
    own = RateTable([PublishedRate(LPR, date(2027, 5, 20), D("2.90"), "news", own=True)])
    assert own.in_force_on(LPR, date(2027, 5, 19)) is None, "one month known tells nothing of the months before"
    quote = own.in_force_on(LPR, date(2027, 6, 19))
    assert quote is not None
    assert quote.percent == D("2.90")
    assert own.in_force_on(LPR, date(2027, 6, 20)) is None
    half = RateTable([PublishedRate(ECB, date(2027, 1, 1), D("2.65"), "ecb", own=True)])
    assert half.known_through(ECB) == date(2027, 6, 30)
    assert TABLE.known_through(SME_DAILY) is None
    assert TABLE.in_force_on(OENB_BASE, date(2026, 1, 1)) is None


def test_a_rate_published_some_days_late_leaves_no_gap() -> None:
    """The LPR of Saturday 20 February 2027 comes on Monday the 22nd; on the 21st that of January holds."""
    rates = [
        PublishedRate(LPR, date(2027, 1, 20), D(3), "a", own=True),
        PublishedRate(LPR, date(2027, 2, 22), D(2), "b", own=True),
    ]
    table = RateTable(rates)
    quote = table.in_force_on(LPR, date(2027, 2, 21))
    assert quote is not None
    assert quote.percent == D(3)


def test_a_hundred_thousand_euros_for_153_days_at_the_rate_of_the_second_half_of_2026() -> None:
    """ECB 2.40 since June 2026, plus 8: 10.40 %, not the 10.15 % of the half-year before."""
    found = assess(
        Debt(100_000_00, "EUR", date(2026, 6, 30)), AccrualTerms("eu", margin_percent=D(8)), TABLE, date(2026, 11, 30)
    )
    (segment,) = found.segments
    assert (segment.days, segment.rate.percent, segment.amount_minor) == (153, D("10.40"), 4_359_45)


@pytest.mark.parametrize(
    ("country", "percent"),
    [
        ("de", "10.52"),  # base rate 1.52 + 9
        ("fr", "12.40"),  # ECB 2.40 + 10
        ("be", "10.50"),  # ECB 2.40 + 8, rounded up to the next half point
        ("nl", "10.40"),
        ("es", "10.40"),
        ("it", "10.40"),
        ("ie", "10.40"),
    ],
)
def test_a_country_has_its_own_statute_of_late_payment(country: str, percent: str) -> None:
    terms = AccrualTerms(country, fixed_sum=True)
    found = assess(Debt(100_000_00, "EUR", date(2026, 6, 30)), terms, TABLE, date(2026, 12, 31))
    assert [segment.rate.percent for segment in found.segments] == [D(percent)]
    assert found.fixed_minor == 40_00
    next_year = assess(Debt(100_000_00, "EUR", date(2026, 6, 30)), terms, TABLE, date(2027, 1, 1))
    assert (next_year.reason, next_year.missing_on) == ("no_rate", date(2027, 1, 1))


def test_the_british_rate_of_the_half_year_of_default_holds_for_the_whole_delay() -> None:
    debt, terms = Debt(100_000_00, "GBP", date(2026, 6, 30)), AccrualTerms("uk", margin_percent=D(8))
    (segment,) = assess(debt, terms, TABLE, date(2027, 3, 31)).segments
    assert segment.rate.percent == D("11.75")


def test_the_german_base_rate_moves_with_the_rate_of_the_ecb() -> None:
    """BGB § 247: by as many points; since July 2016 it is 0.88 below it."""
    base = {rate.from_on: rate.percent for rate in TABLE.rates(BGB_BASE)}
    assert {on: rate + D("0.88") for on, rate in base.items()} == {r.from_on: r.percent for r in TABLE.rates(ECB)}


def test_what_a_stored_rate_says_is_read_again() -> None:
    (segment,) = assess(Debt(1_000_00, "EUR", date(2026, 6, 30)), AccrualTerms("be"), TABLE, date(2026, 7, 31)).segments
    stored = segment.rate.as_json()
    assert Rate.from_json(stored) == segment.rate
    before = {name: value for name, value in stored.items() if name != "round_up_to"}
    assert Rate.from_json(before).percent == D("10.5"), "charged before there was such a field"


def test_terms_own_before_the_companys_currency_before_any_and_by_the_day_of_default() -> None:
    from uuid import UUID

    ours, other = UUID(int=1), UUID(int=2)
    contract, agreed, none = (AccrualTerms("contract", annual_percent=D(n)) for n in (5, 6, 7))
    book = TermsBook(
        [
            TermsRow(None, None, date(2025, 1, 1), none),
            TermsRow(None, "EUR", date(2025, 1, 1), AccrualTerms("eu", margin_percent=D(8))),
            TermsRow(ours, None, date(2025, 1, 1), contract),
            TermsRow(ours, None, date(2025, 6, 1), agreed),
            TermsRow(ours, None, date(2025, 9, 1), AccrualTerms("standard")),
        ]
    )
    on = date(2025, 5, 31)
    assert book.in_force(ours, "CNY", on) is contract
    assert book.in_force(ours, "CNY", date(2025, 6, 1)) is agreed
    assert book.in_force(ours, "EUR", on) is contract
    assert book.in_force(ours, "CNY", date(2025, 9, 1)) is none
    assert book.in_force(other, "CNY", on) is none
    assert book.in_force(other, "EUR", on).kind == "eu"
    before = book.in_force(ours, "CNY", date(2024, 12, 31))
    assert (before.kind, before.factor) == ("lpr", D("1.3"))
    assert book.in_force(ours, "USD", date(2024, 12, 31)).kind == "none"


payments = st.lists(st.tuples(st.integers(-20, 120), st.integers(1, 40_000_00)), max_size=4).map(
    lambda several: tuple(sorted((JUNE_30 + timedelta(days=day), minor) for day, minor in several))
)
kinds = st.sampled_from(
    [
        AccrualTerms("sme_daily"),
        AccrualTerms("lpr", factor=D("1.5")),
        AccrualTerms("eu", margin_percent=D(8)),
        AccrualTerms("contract", annual_percent=D("7.3"), basis=360),
    ]
)


@given(payments, kinds, st.integers(0, 200))
def test_interest_grows_with_the_days_and_counts_none_twice(
    paid: tuple[tuple[date, int], ...], terms: AccrualTerms, days: int
) -> None:
    debt = Debt(200_000_00, "CNY", JUNE_30, paid)
    less = assess(debt, terms, TABLE, JUNE_30 + timedelta(days=days))
    more = assess(debt, terms, TABLE, JUNE_30 + timedelta(days=days + 1))
    # A segment that grows by a day rounds anew, so a sum may only ever grow.
    assert less.interest_minor <= more.interest_minor
    assert all(a.to_on < b.from_on for a, b in pairwise(more.segments))
    assert all(s.days > 0 and s.principal_minor > 0 for s in more.segments)


@given(payments, kinds, st.integers(0, 90), st.integers(0, 90))
def test_two_runs_charge_each_day_of_one_run_once(
    paid: tuple[tuple[date, int], ...], terms: AccrualTerms, first: int, more: int
) -> None:
    debt = Debt(200_000_00, "CNY", JUNE_30, paid)
    one, two = JUNE_30 + timedelta(days=first), JUNE_30 + timedelta(days=first + more)
    early = assess(debt, terms, TABLE, one).segments
    spans = tuple((s.from_on, s.to_on) for s in early)
    late = assess(Debt(200_000_00, "CNY", JUNE_30, paid, spans), terms, TABLE, two).segments
    whole = assess(debt, terms, TABLE, two).segments
    days = [s.from_on + timedelta(days=n) for s in (*early, *late) for n in range(s.days)]
    assert len(days) == len(set(days))
    assert set(days) == {s.from_on + timedelta(days=n) for s in whole for n in range(s.days)}
    # Each further segment rounds once more, by half a unit at most.
    assert abs(sum(s.amount_minor for s in (*early, *late)) - sum(s.amount_minor for s in whole)) <= len(early) + len(
        late
    )


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=5), st.integers(0, 60))
def test_uncharged_days_are_exactly_those_in_no_span(spans: list[tuple[int, int]], last: int) -> None:
    start = date(2025, 1, 1)
    charged = [(start + timedelta(days=a), start + timedelta(days=a + n)) for a, n in spans]
    end = start + timedelta(days=last)
    free = {a + timedelta(days=n) for a, b in uncharged_spans(start, end, charged) for n in range((b - a).days + 1)}
    every = {start + timedelta(days=n) for n in range(last + 1)}
    assert free == {day for day in every if not any(a <= day <= b for a, b in charged)}


@given(payments)
def test_principals_are_what_a_day_by_day_count_gives(paid: tuple[tuple[date, int], ...]) -> None:
    first, last = date(2025, 7, 1), date(2025, 10, 31)
    found = {}
    for from_on, to_on, principal in principal_by_span(100_000_00, paid, first, last):
        for n in range((to_on - from_on).days + 1):
            found[from_on + timedelta(days=n)] = principal
    slow = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        left = 100_000_00 - sum(minor for on, minor in paid if on < day)
        if left > 0:
            slow[day] = left
    assert found == slow


def test_a_stored_rate_reads_back_as_it_was() -> None:
    for terms in (
        AccrualTerms("lpr", factor=D("1.35")),
        AccrualTerms("sme_daily"),
        AccrualTerms("contract", annual_percent=D("7.30")),
    ):
        rate = after(3, terms).segments[0].rate
        assert Rate.from_json(rate.as_json()) == rate
