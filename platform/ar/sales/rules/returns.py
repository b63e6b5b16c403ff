"""Which invoices billed what of a note, and which of them a return of its goods credits, each with how much (R100).

Pure. Invariants: what was not invoiced is taken off what was signed for, never credited; a line is credited on an
invoice that billed it; however goods come back, the parts of all returns sum to the amount of the goods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final, NamedTuple

from ar.sales.rules.shipping import DIGITS

#: The smallest part of a quantity.
SMALLEST: Final = Decimal("0.000001")


class Part(NamedTuple):
    """A quantity of one line, and its amount in minor units."""

    quantity: Decimal
    amount_minor: int


NOTHING: Final = Part(Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class Signed:
    """Goods were signed for, by position."""

    parts: Mapping[int, Part]


@dataclass(frozen=True, slots=True)
class Invoiced:
    """An invoice was posted that stands. `amount_minor`: what it bills of the goods; `left_minor`: not credited yet."""

    document_no: str
    amount_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Goods came back that had been signed for; `document_no`: of the invoice credited with them, None: of none."""

    position: int
    document_no: str | None
    part: Part


@dataclass(frozen=True, slots=True)
class Billed:
    """What of a note's lines nobody has given back yet, by position.

    `not_invoiced`: signed for and on no invoice. `bills`: the invoice's number and what it billed, the latest first.
    `beyond`: billed by an invoice that was credited for another reason, and has nothing left for it.
    """

    not_invoiced: Mapping[int, Part]
    bills: Sequence[tuple[str, Mapping[int, Part]]]
    beyond: Mapping[int, Part]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a return: `document_no` of the invoice that is credited with it, None where it is on none."""

    position: int
    document_no: str | None
    quantity: Decimal
    amount_minor: int


def billed_lines(history: Iterable[Signed | Invoiced | Returned]) -> Billed:
    """Returns which invoice billed what of a note, from what happened to it, in its order.

    What was signed for first is billed first; an invoice from before the goods, such as a down payment, bills what is
    signed for after it. What came back without a document is the latest of what is on no invoice.
    """
    waiting: list[tuple[int, Part]] = []
    lines: dict[str, dict[int, Part]] = {}
    to_bill: dict[str, int] = {}
    left: dict[str, int] = {}
    for event in history:
        if isinstance(event, Returned):
            if event.document_no is None:
                waiting, off = _without_latest(waiting, event.position, event.part)
                _take_off(lines, event.position, off)
            elif event.position in (own := lines.get(event.document_no, {})):
                own[event.position] = _less(own[event.position], event.part)
            continue
        if isinstance(event, Signed):
            waiting += [(position, part) for position, part in sorted(event.parts.items()) if part.quantity > 0]
        else:
            to_bill[event.document_no] = to_bill.get(event.document_no, 0) + event.amount_minor
            left[event.document_no] = event.left_minor
        for document_no, amount_minor in to_bill.items():
            taken = list(_take(waiting, amount_minor))
            lines[document_no] = _sums([*lines.get(document_no, {}).items(), *taken])
            to_bill[document_no] -= sum(part.amount_minor for _position, part in taken)
    found, beyond = [], []
    for document_no, own in lines.items():
        rest = list(_sums(own.items()).items())
        found.append((document_no, _sums(_take(rest, left[document_no]))))
        beyond += rest
    return Billed(_sums(waiting), found[::-1], _sums(beyond))


def split_return(quantities: Mapping[int, Decimal], billed: Billed) -> list[Piece]:
    """Returns the pieces of a return (quantity by position), by position.

    What is not invoiced comes first. Of the rest, the latest invoice that billed all of it is credited, else each with
    what it billed, the latest first. What no invoice has left stays a credit in hand of the latest that has anything.
    """
    own = {at: _part_of(billed.not_invoiced.get(at, NOTHING), quantity) for at, quantity in quantities.items()}
    pieces = [_piece(at, None, part) for at, part in own.items()]
    rest = {at: quantity - own[at].quantity for at, quantity in quantities.items()}
    alone = [bill for bill in billed.bills if all(bill[1].get(at, NOTHING).quantity >= rest[at] for at in rest)]
    for document_no, lines in alone[:1] or billed.bills:
        for at, quantity in rest.items():
            part = _part_of(lines.get(at, NOTHING), quantity)
            pieces.append(_piece(at, document_no, part))
            rest[at] = quantity - part.quantity
    last = next((number for number, lines in billed.bills if lines), next((number for number, _ in billed.bills), ""))
    pieces += [_piece(at, last, _part_of(billed.beyond.get(at, NOTHING), quantity)) for at, quantity in rest.items()]
    worth = {number for number in {each.document_no for each in pieces} if _amount_of(pieces, number)}
    return _joined(pieces, worth)


def _piece(position: int, document_no: str | None, part: Part) -> Piece:
    return Piece(position, document_no, part.quantity, part.amount_minor)


def _amount_of(pieces: Iterable[Piece], document_no: str | None) -> int:
    return sum(each.amount_minor for each in pieces if each.document_no == document_no)


def _joined(pieces: Iterable[Piece], worth: Iterable[str | None]) -> list[Piece]:
    """Returns the pieces with those of one position and invoice as one; what is worth nothing is on none."""
    sums: dict[tuple[int, str | None], Part] = {}
    for each in pieces:
        key = each.position, each.document_no if each.document_no in worth else None
        sums[key] = _plus(sums.get(key, NOTHING), Part(each.quantity, each.amount_minor))
    found = [_piece(position, number, part) for (position, number), part in sums.items() if part.quantity > 0]
    return sorted(found, key=lambda each: each.position)


def _part_of(whole: Part, quantity: Decimal) -> Part:
    """Returns up to a quantity of a part, with its share of the amount, rounded half up; all of it with all of that."""
    if quantity >= whole.quantity:
        return whole
    with localcontext(prec=DIGITS):
        exact = whole.amount_minor * quantity / whole.quantity
        return Part(quantity, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


def _take(waiting: list[tuple[int, Part]], amount_minor: int) -> Iterator[tuple[int, Part]]:
    """Takes the earliest parts up to an amount out of a list; what is worth nothing goes with what it stands beside."""
    rest = amount_minor
    while waiting and amount_minor > 0:
        position, part = waiting[0]
        taken = part if part.amount_minor <= rest else _worth(part, rest)
        if not taken.quantity:
            return
        rest -= taken.amount_minor
        if taken.quantity == part.quantity:
            del waiting[0]
        else:
            waiting[0] = position, Part(part.quantity - taken.quantity, part.amount_minor - taken.amount_minor)
        yield position, taken


def _worth(part: Part, amount_minor: int) -> Part:
    """Returns what of a part is worth an amount below it: in pieces as whole as those of the part, if these can say it.

    The smallest part of a quantity goes whole.
    """
    if amount_minor <= 0:
        return NOTHING
    if part.quantity <= SMALLEST:
        return part
    with localcontext(prec=DIGITS):
        exact = part.quantity * amount_minor / part.amount_minor
        places = min(0, int(part.quantity.normalize().as_tuple().exponent))
        whole = exact.quantize(Decimal(1).scaleb(places), ROUND_HALF_UP)
        if 0 < whole < part.quantity:
            return Part(whole, amount_minor)
        least = max(SMALLEST, exact.quantize(SMALLEST, ROUND_HALF_UP))
        return Part(min(least, part.quantity - SMALLEST), amount_minor)


def _without_latest(waiting: list[tuple[int, Part]], position: int, off: Part) -> tuple[list[tuple[int, Part]], Part]:
    """Returns what waits without the latest of a position, and what of `off` it did not have.

    Cents that one part does not have are taken of another.
    """
    found: list[tuple[int, Part]] = []
    for at, part in reversed(waiting):
        if at != position:
            found.append((at, part))
        elif off.quantity >= part.quantity:
            off = Part(off.quantity - part.quantity, off.amount_minor - part.amount_minor)
        else:
            left = part.amount_minor - off.amount_minor
            found.append((at, Part(part.quantity - off.quantity, max(0, left))))
            off = Part(Decimal(0), max(0, -left))
    for index, (at, part) in enumerate(found):
        if at == position:
            taken = min(off.amount_minor, part.amount_minor)
            found[index] = at, Part(part.quantity, part.amount_minor - taken)
            off = Part(off.quantity, off.amount_minor - taken)
    return found[::-1], off


def _take_off(lines: dict[str, dict[int, Part]], position: int, off: Part) -> None:
    """Takes off what was too little for a document of its own: of the latest invoice that billed it."""
    for own in reversed(lines.values()):
        part = own.get(position, NOTHING)
        taken = min(part.quantity, off.quantity)
        if taken:
            own[position] = Part(part.quantity - taken, part.amount_minor)
            off = Part(off.quantity - taken, off.amount_minor)


def _less(part: Part, off: Part) -> Part:
    return Part(max(Decimal(0), part.quantity - off.quantity), max(0, part.amount_minor - off.amount_minor))


def _plus(part: Part, more: Part) -> Part:
    return Part(part.quantity + more.quantity, part.amount_minor + more.amount_minor)


def _sums(parts: Iterable[tuple[int, Part]]) -> dict[int, Part]:
    """Returns the parts by position, without what has no quantity."""
    sums: dict[int, Part] = {}
    for position, part in parts:
        if part.quantity > 0:
            sums[position] = _plus(sums.get(position, NOTHING), part)
    return sums
