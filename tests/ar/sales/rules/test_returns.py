"""A return is credited on the invoices that billed its goods: to the cent, and nothing that is on none (R100)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ar.sales.rules.returns import Billed, Invoiced, Part, Piece, Returned, Signed, billed_lines, split_return
from ar.sales.rules.shipping import part_of_line

D = Decimal


def of(quantity: int | str, minor: int) -> Part:
    """A part of a line."""
    return Part(D(quantity), minor)


#: Line 1 was signed for in 6 and 4, line 2 with the latter; each signature was invoiced.
FIRST, SECOND = Signed({1: of(6, 678_00)}), Signed({1: of(4, 452_00), 2: of(20, 2_000_00)})
A, B = Invoiced("A", 678_00, 678_00), Invoiced("B", 2_452_00, 2_452_00)


def pieces(billed: Billed, *quantities: tuple[int, int]) -> list[tuple[int, str | None, int, int]]:
    """What a return of (position, quantity) comes to: position, invoice, quantity, minor units."""
    found = split_return({at: D(quantity) for at, quantity in quantities}, billed)
    return [(each.position, each.document_no, int(each.quantity), each.amount_minor) for each in found]


def test_each_invoice_billed_what_was_signed_for_before_it() -> None:
    billed = billed_lines([FIRST, A, SECOND, B])
    assert billed.bills == [("B", {1: of(4, 452_00), 2: of(20, 2_000_00)}), ("A", {1: of(6, 678_00)})]
    assert (billed.not_invoiced, billed.beyond) == ({}, {})


def test_goods_are_credited_on_the_latest_invoice_that_billed_all_of_them_else_on_each() -> None:
    billed = billed_lines([FIRST, A, SECOND, B])
    assert pieces(billed, (1, 3)) == [(1, "B", 3, 339_00)]
    assert pieces(billed, (1, 5)) == [(1, "A", 5, 565_00)]
    assert pieces(billed, (1, 10)) == [(1, "B", 4, 452_00), (1, "A", 6, 678_00)]
    assert pieces(billed, (1, 5), (2, 20)) == [(1, "B", 4, 452_00), (1, "A", 1, 113_00), (2, "B", 20, 2_000_00)]


def test_what_is_on_no_invoice_is_credited_on_none() -> None:
    billed = billed_lines([FIRST, A, SECOND])
    assert pieces(billed, (1, 10)) == [(1, None, 4, 452_00), (1, "A", 6, 678_00)]
    assert pieces(billed, (2, 7)) == [(2, None, 7, 700_00)]


def test_what_came_back_before_does_not_come_back_again() -> None:
    back = [Returned(1, "B", of(3, 339_00)), Returned(1, "A", of(2, 226_00))]
    assert pieces(billed_lines([FIRST, A, SECOND, B, *back]), (1, 5)) == [(1, "B", 1, 113_00), (1, "A", 4, 452_00)]
    assert pieces(billed_lines([FIRST, A, SECOND, Returned(1, None, of(4, 452_00))]), (1, 6)) == [(1, "A", 6, 678_00)]


def test_goods_that_came_back_before_the_invoice_are_not_on_it() -> None:
    billed = billed_lines([SECOND, Returned(1, None, of(4, 452_00)), Invoiced("A", 2_000_00, 2_000_00)])
    assert billed.bills == [("A", {2: of(20, 2_000_00)})]


def test_an_invoice_credited_for_another_reason_leaves_the_rest_in_hand_of_one_that_was_not() -> None:
    signed = [Signed({1: of(6, 678_00)}), Signed({1: of(4, 452_00)})]
    billed = billed_lines([*signed, A, Invoiced("B", 452_00, 113_00)])
    assert pieces(billed, (1, 7)) == [(1, "B", 1, 113_00), (1, "A", 6, 678_00)]
    assert pieces(billed, (1, 10)) == [(1, "B", 4, 452_00), (1, "A", 6, 678_00)]
    billed = billed_lines([*signed, Invoiced("A", 678_00, 0), Invoiced("B", 452_00, 0)])
    assert pieces(billed, (1, 10)) == [(1, "B", 10, 1_130_00)]


def test_a_down_payment_that_ends_within_a_signature_is_said_in_whole_pieces() -> None:
    billed = billed_lines([Invoiced("A", 300_00, 300_00), Signed({1: of(10, 1_130_00)})])
    assert pieces(billed, (1, 10)) == [(1, None, 7, 830_00), (1, "A", 3, 300_00)]
    of_a_ton = billed_lines([Invoiced("A", 500_00, 500_00), Signed({1: of("1.5", 1_500_00)})])
    assert split_return({1: D("1.5")}, of_a_ton) == [Piece(1, None, D("1"), 1_000_00), Piece(1, "A", D("0.5"), 500_00)]


def test_gifts_go_with_the_goods_they_came_with_and_are_on_no_document_alone() -> None:
    billed = billed_lines([Signed({1: of(4, 400_00), 2: of(1, 0)}), Invoiced("A", 400_00, 400_00)])
    assert pieces(billed, (1, 4), (2, 1)) == [(1, "A", 4, 400_00), (2, "A", 1, 0)]
    assert pieces(billed, (2, 1)) == [(2, None, 1, 0)]


#: Signatures of up to three lines, each of one price, as they come: (position, quantity in millionths).
QUANTITIES = st.one_of(st.integers(10**4, 10**9), st.integers(1, 50).map(lambda n: n * 10**6))
SIGNATURES = st.lists(st.tuples(st.integers(1, 3), QUANTITIES), min_size=1, max_size=6)


def signed_for(data: st.DataObject, parts: list[tuple[int, int]]) -> list[tuple[int, Part]]:
    """Gives each line an amount, and each signature its part of it, as signing does."""
    whole = {at: sum(n for each, n in parts if each == at) for at, _n in parts}
    worth = {at: data.draw(st.integers(0, 10**7)) for at in whole}
    before, found = dict.fromkeys(whole, of(0, 0)), []
    for at, n in parts:
        minor = part_of_line(worth[at], D(whole[at]), tuple(before[at]), D(n))
        before[at] = Part(before[at].quantity + n, before[at].amount_minor + minor)
        found.append((at, Part(D(n).scaleb(-6), minor)))
    return found


@given(st.data(), SIGNATURES)
def test_however_goods_come_back_it_is_all_of_them_and_each_invoice_once(
    data: st.DataObject, signatures: list[tuple[int, int]]
) -> None:
    """Invoices bill a part of what was signed for by then, or a down payment; in the end all goods come back."""
    history: list[Signed | Invoiced | Returned] = []
    invoiced: dict[str, int] = {}
    kept: dict[int, D] = {}
    came_back: list[Piece] = []
    signed = signed_for(data, signatures)
    worth = sum(part.amount_minor for _at, part in signed)
    for at, part in signed:
        if data.draw(st.booleans()):
            off = sum(each.amount_minor for each in came_back if each.document_no is None)
            number, most = str(len(invoiced)), worth - off - sum(invoiced.values())
            invoiced[number] = data.draw(st.integers(0, most))
            history.append(Invoiced(number, invoiced[number], 0))
        history.append(Signed({at: part}))
        kept[at] = kept.get(at, D(0)) + part.quantity
        if data.draw(st.booleans()):
            asked = {each: D(data.draw(st.integers(0, int(most.scaleb(6))))).scaleb(-6) for each, most in kept.items()}
            _come_back({each: n for each, n in asked.items() if n}, history, invoiced, kept, came_back)
    _come_back({each: n for each, n in kept.items() if n}, history, invoiced, kept, came_back)
    assert not any(kept.values())
    assert all(each.quantity > 0 for each in came_back)
    assert sum(each.amount_minor for each in came_back) == worth
    for number, minor in invoiced.items():
        assert sum(each.amount_minor for each in came_back if each.document_no == number) == minor


def _come_back(
    wanted: dict[int, D],
    history: list[Signed | Invoiced | Returned],
    invoiced: dict[str, int],
    kept: dict[int, D],
    came_back: list[Piece],
) -> None:
    left = {
        number: minor - sum(each.amount_minor for each in came_back if each.document_no == number)
        for number, minor in invoiced.items()
    }
    known = [
        replace(each, left_minor=left[each.document_no]) if isinstance(each, Invoiced) else each for each in history
    ]
    for each in split_return(wanted, billed_lines(known)):
        came_back.append(each)
        history.append(Returned(each.position, each.document_no, Part(each.quantity, each.amount_minor)))
        kept[each.position] -= each.quantity
