"""Matching of bank lines: one explanation is sure, two are left to a person."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ar.receipts.rules.candidates import CandidateIndex, CandidateItem, CustomerName, KnownPayer
from ar.receipts.rules.matching import Decision, Payment, decide, decide_all
from ar.receipts.rules.mentions import find_mentioned_numbers, name_similarity_percent, number_key
from ar.receipts.rules.subset_sums import ITEMS_MAX, find_subset_sums

TODAY = date(2026, 11, 20)
XINSHENG, HUAXIN = UUID(int=1), UUID(int=2)
NAMES = [CustomerName(XINSHENG, "深圳市鑫晟电子有限公司"), CustomerName(HUAXIN, "Huaxin Machinery Co., Ltd.")]
ACCOUNT = "44201618300052512345"


def item(
    number: str, minor: int, *, customer: UUID = XINSHENG, days: int = 10, currency: str = "CNY", part: int = 0
) -> CandidateItem:
    due = TODAY - timedelta(days=days)
    made = UUID(int=(hash((number, part)) & (2**64 - 1)) + 100)
    return CandidateItem(made, customer, "invoice", number, due - timedelta(days=30), due, currency, minor)


def payment(
    text: str, minor: int, *, payer: str = "", account: str = "", currency: str = "CNY", **more: object
) -> Payment:
    return Payment(UUID(int=9), TODAY, currency, minor, text, payer, account, **more)  # type: ignore[arg-type]


def document_numbers(decision: Decision, items: list[CandidateItem]) -> list[str]:
    """The numbers of the first proposal."""
    names = {each.id: each.document_no for each in items}
    return [names[item_id] for item_id, _minor in decision.proposals[0].parts] if decision.proposals else []


OPEN = [
    item("INV-1", 500_00, days=40),
    item("INV-10", 500_00, days=20),
    item("INV-2026-000123", 1_200_00),
    item("INV-2026-000124", 77_00),
    item("HX/881", 333_00, customer=HUAXIN),
    item("USD-7001", 900_00, currency="USD"),
]
CONFIRMED = [KnownPayer(XINSHENG, ACCOUNT, True)]


@pytest.mark.parametrize(
    ("text", "minor", "more", "tier", "expected"),
    [
        ("货款INV-10", 500_00, {}, "sure", ["INV-10"]),
        ("", 500_00, {"payer": "深圳市鑫晟电子有限公司"}, "likely", ["INV-1"]),
        ("INV-2026-000123, INV-2026-000124", 1_277_00, {}, "sure", ["INV-2026-000123", "INV-2026-000124"]),
        (
            "invoices inv-2026-000123/inv-2026-000124 thanks",
            1_277_00,
            {},
            "sure",
            ["INV-2026-000123", "INV-2026-000124"],
        ),
        ("INV2026000124", 77_00, {}, "sure", ["INV-2026-000124"]),
        ("INV 2026 000124", 77_00, {}, "likely", ["INV-2026-000124"]),
        ("支付货款（INV－２０２６－０００１２４）", 77_00, {}, "sure", ["INV-2026-000124"]),
        ("INV-2026-000123", 1_000_00, {}, "likely", ["INV-2026-000123"]),
        ("INV-2026-000123", 1_300_00, {}, "likely", ["INV-2026-000123"]),
        ("INV-1-7", 500_00, {}, "likely", ["INV-1"]),
        ("INV-100", 500_00, {}, "likely", ["INV-1"]),
        ("HX/881", 333_00, {"payer": "Huaxin Machinery Co Ltd"}, "sure", ["HX/881"]),
        ("HX/881", 333_00, {"payer": "深圳市鑫晟电子有限公司"}, "likely", ["HX/881"]),
        ("HX/881", 333_00, {"account": ACCOUNT}, "likely", ["HX/881"]),
        ("HX/881 代鑫晟电子", 333_00, {}, "sure", ["HX/881"]),
        ("HX/881 代深圳市鑫晟电子付", 333_00, {}, "likely", ["HX/881"]),
        ("HX/881 INV-1", 833_00, {}, "likely", ["HX/881"]),
        ("INV-999", 77_00, {"account": ACCOUNT}, "likely", ["INV-2026-000124"]),
        ("INV-10 INV-999", 500_00, {}, "likely", ["INV-10"]),
        ("", 77_00, {"account": ACCOUNT}, "sure", ["INV-2026-000124"]),
        ("", 77_00, {"payer": "深圳市鑫晟电子有限公司"}, "sure", ["INV-2026-000124"]),
        ("", 77_00, {"payer": "鑫晟电子"}, "likely", ["INV-2026-000124"]),
        ("", 77_00, {}, "likely", ["INV-2026-000124"]),
        ("", 1_277_00, {"account": ACCOUNT}, "sure", ["INV-2026-000123", "INV-2026-000124"]),
        ("", 577_00, {"account": ACCOUNT}, "likely", ["INV-1", "INV-2026-000124"]),
        ("USD-7001", 900_00, {}, "hand", []),
        ("USD-7001", 900_00, {"currency": "USD"}, "sure", ["USD-7001"]),
        ("INV-999", 123_45, {}, "hand", []),
    ],
)
def test_a_line_is_taken_when_one_explanation_fits_and_nothing_contradicts(
    text: str, minor: int, more: dict[str, str], tier: str, expected: list[str]
) -> None:
    decision = decide(payment(text, minor, **more), CandidateIndex(OPEN, NAMES, CONFIRMED), TODAY)
    assert decision.tier == tier
    assert sorted(document_numbers(decision, OPEN)) == sorted(expected)


def test_two_invoices_of_one_amount_are_told_apart_by_the_reference_alone() -> None:
    """Testcase 19: with the number of the newer one it is the newer; without a number nothing is posted."""
    index = CandidateIndex(OPEN, NAMES, CONFIRMED)
    newer = decide(payment("INV-10", 500_00, account=ACCOUNT), index, TODAY)
    assert (newer.tier, document_numbers(newer, OPEN)) == ("sure", ["INV-10"])
    silent = decide(payment("货款", 500_00, account=ACCOUNT), index, TODAY)
    assert silent.tier == "likely"
    assert {OPEN[0].id, OPEN[1].id} <= {part[0] for each in silent.proposals for part in each.parts}


def test_what_a_person_took_off_is_never_taken_by_itself_again() -> None:
    refused = frozenset({OPEN[1].id})
    decision = decide(payment("INV-10", 500_00, refused=refused), CandidateIndex(OPEN, NAMES, []), TODAY)
    assert decision.tier == "likely"
    assert "refused" in decision.proposals[0].against


def test_a_document_paid_already_is_not_paid_again_and_nothing_else_is() -> None:
    settled = {number_key("INV-77"): [XINSHENG]}
    index = CandidateIndex(OPEN, NAMES, CONFIRMED, settled)
    decision = decide(payment("INV-77", 77_00, account=ACCOUNT), index, TODAY)
    assert decision.tier == "likely"
    assert "settled_document" in decision.against
    with_other = decide(payment("INV-10 INV-77", 500_00, account=ACCOUNT), index, TODAY)
    assert with_other.tier == "likely"


def test_the_second_line_for_one_invoice_finds_it_taken() -> None:
    twice = [payment("INV-10", 500_00), payment("INV-10", 500_00)]
    tiers = [each.tier for each in decide_all(twice, CandidateIndex(OPEN, NAMES, []), TODAY)]
    assert tiers == ["sure", "likely"]


def test_instalments_are_paid_by_the_one_that_fits_or_all_of_them() -> None:
    parts = [item("INV-5", 100_00, part=1, days=30), item("INV-5", 250_00, part=2), item("INV-5", 250_00, part=3)]
    index = CandidateIndex(parts, NAMES, [])
    assert decide(payment("INV-5", 100_00), index, TODAY).tier == "sure"
    assert decide(payment("INV-5", 600_00), index, TODAY).tier == "sure"
    assert decide(payment("INV-5", 250_00), index, TODAY).tier == "likely"


def test_an_account_of_two_customers_speaks_for_neither_alone() -> None:
    payers = [KnownPayer(XINSHENG, ACCOUNT, True), KnownPayer(HUAXIN, ACCOUNT, True)]
    index = CandidateIndex(OPEN, NAMES, payers)
    assert decide(payment("", 77_00, account=ACCOUNT), index, TODAY).tier == "likely"
    assert decide(payment("INV-2026-000124", 77_00, account=ACCOUNT), index, TODAY).tier == "sure"


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("INV-1", "INV-1", True),
        ("INV-10", "INV-1", None),
        ("AINV-1", "INV-1", None),
        ("发票INV-1款", "INV-1", True),
        ("INV-1.", "INV-1", True),
        ("RE.INV-1", "INV-1", True),
        ("2026-INV-1", "INV-1", False),
        ("INV-1-2", "INV-1", False),
        ("pay 20261120", "20261120", False),
        ("pay 12345678901234567890", "12345678901234567890", True),
        ("room 123", "123", False),
        ("tel 13812345678", "123456", None),
    ],
)
def test_short_numbers_do_not_match_inside_longer_ones(text: str, number: str, found: bool | None) -> None:
    """True: certainly this number; False: perhaps; None: not at all."""
    mention = find_mentioned_numbers(text, {number_key(number)}, set()).mentions
    assert (mention[0].strong if mention else None) == found


def test_legal_forms_make_no_strangers_alike() -> None:
    assert name_similarity_percent("深圳市鑫晟电子有限公司", "鑫晟电子（深圳）有限公司") >= 50
    assert name_similarity_percent("北京甲有限公司", "上海乙有限公司") == 0
    assert name_similarity_percent("Huaxin Machinery Co., Ltd.", "HUAXIN MACHINERY LIMITED") == 100


@given(st.lists(st.integers(1, 60), max_size=9), st.integers(1, 200))
def test_sets_that_sum_are_all_the_sets(amounts: list[int], target: int) -> None:
    brute = [
        places
        for size in range(1, len(amounts) + 1)
        for places in combinations(range(len(amounts)), size)
        if sum(amounts[place] for place in places) == target
    ]
    assert find_subset_sums(amounts, target, limit=10**6) == sorted(brute, key=lambda places: (len(places), places))


def test_the_work_of_a_sum_is_bounded() -> None:
    assert len(find_subset_sums([100] * 5_000, 1_000)) <= 6
    assert find_subset_sums([3] * 200, 10) == []
    assert find_subset_sums([1] * ITEMS_MAX + [500], 500) == []  # beyond the bound nothing is claimed


AMOUNTS = st.lists(st.integers(1, 12).map(lambda units: units * 100), min_size=1, max_size=9)


@given(AMOUNTS, st.integers(1, 30).map(lambda units: units * 100), st.booleans())
def test_never_by_itself_when_two_sets_explain_the_money(amounts: list[int], minor: int, by_account: bool) -> None:
    items = [item(f"INV-{place}", amount, days=place) for place, amount in enumerate(amounts)]
    index = CandidateIndex(items, NAMES, CONFIRMED)
    who = {"account": ACCOUNT} if by_account else {"payer": NAMES[0].name}
    decision = decide(payment("货款", minor, **who), index, TODAY)
    sets = [
        chosen
        for size in range(1, len(items) + 1)
        for chosen in combinations(items, size)
        if sum(each.open_minor for each in chosen) == minor
    ]
    assert (decision.tier == "sure") == (len(sets) == 1)
    if decision.tier == "sure":
        assert {part[0] for part in decision.proposals[0].parts} == {each.id for each in sets[0]}


@given(
    st.lists(
        st.tuples(st.sampled_from(["CNY", "USD"]), st.sampled_from([XINSHENG, HUAXIN]), st.integers(1, 5)), max_size=8
    ),
    st.lists(st.integers(0, 9), max_size=3),
    st.sampled_from(["CNY", "USD"]),
    st.integers(1, 12),
    st.sampled_from(["", ACCOUNT]),
)
def test_never_across_currencies_or_customers_nor_more_than_there_is(
    facts: list[tuple[str, UUID, int]], named: list[int], currency: str, minor: int, account: str
) -> None:
    items = [item(f"INV-{n}", units, customer=who, currency=code) for n, (code, who, units) in enumerate(facts)]
    by_id = {each.id: each for each in items}
    text = " ".join(f"INV-{n}" for n in named)
    index = CandidateIndex(items, NAMES, CONFIRMED)
    decision = decide(payment(text, minor, currency=currency, account=account), index, TODAY)
    for proposal in decision.proposals:
        assert {by_id[part].currency for part, _minor in proposal.parts} <= {currency}
        assert {by_id[part].customer_id for part, _minor in proposal.parts} <= {proposal.customer_id}
        assert all(0 < amount <= by_id[part].open_minor for part, amount in proposal.parts)
        assert sum(amount for _part, amount in proposal.parts) <= minor
    if decision.tier == "sure":
        assert sum(amount for _part, amount in decision.proposals[0].parts) == minor
        if named:
            assert {by_id[part].document_no for part, _m in decision.proposals[0].parts} <= {f"INV-{n}" for n in named}


@pytest.mark.parametrize(
    ("split", "minor", "tier", "parts"),
    [
        # In full: sure, whatever the text or the amounts of other documents suggest.
        ((("INV-1", 500_00), ("INV-2026-000124", 77_00)), 577_00, "sure", [500_00, 77_00]),
        # In part: the payer's word comes first, and a person accepts it.
        ((("INV-1", 300_00), ("INV-10", 200_00)), 500_00, "likely", [300_00, 200_00]),
        # Less than was paid: the rest stays unapplied.
        ((("INV-1", 300_00),), 500_00, "likely", [300_00]),
        # A credit note set off: what it covers stays open on the document named last.
        ((("INV-1", 500_00), ("INV-10", 500_00), ("GS-5", -100_00)), 900_00, "likely", [500_00, 400_00]),
    ],
)
def test_the_payers_own_split_is_its_designation(
    split: tuple[tuple[str, int], ...], minor: int, tier: str, parts: list[int]
) -> None:
    """Civil Code 560: the debtor says which debt is paid."""
    text = " ".join(number for number, _minor in split if not number.startswith("GS"))
    decision = decide(payment(text, minor, split=split), CandidateIndex(OPEN, NAMES, []), TODAY)
    assert (decision.tier, [share for _item, share in decision.proposals[0].parts]) == (tier, parts)
    assert "designation" in decision.proposals[0].reasons


def test_a_split_of_unknown_documents_or_of_two_customers_is_left_to_the_other_reasons() -> None:
    index = CandidateIndex(OPEN, NAMES, [])
    for split in ((("X-99", 500_00),), (("INV-1", 100_00), ("HX/881", 100_00))):
        decision = decide(payment("", 200_00, split=split), index, TODAY)
        assert decision.tier != "sure"
        assert all("designation" not in each.reasons for each in decision.proposals)
