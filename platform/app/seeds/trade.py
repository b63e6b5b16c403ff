"""Builds the demo's credit and sales: files, limits, assessments, contracts, orders, deliveries, a review, signals.

Invariants: built by the product's own commands, each on its day; a debtor that may not be released on a day is passed
over for the next one, so that the story holds on every day on which the demo is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.seeds import asked
from app.seeds.cast import HUAXIN, WEIYE, Debtor
from app.seeds.papers import approve, complete_file, framework, paper_of, plan_note, priced_contract, ship_note
from app.seeds.story import Story
from ar.credit.assessments.drafting import start_assessment
from ar.credit.assessments.inputs import SaveAssessment, SignAssessment, StartAssessment
from ar.credit.assessments.signing import sign_assessment, submit_assessment
from ar.credit.commands import (
    RequestLimit,
    StopShipments,
    TakenOverLimit,
    request_limit,
    stop_shipments,
    take_over_limits,
)
from ar.credit.models import ReviewLine
from ar.credit.reviews.deciding import decide_line, explain_line
from ar.credit.reviews.inputs import DecideLine, ExplainLine
from ar.credit.reviews.opening import open_review
from ar.credit.rules.signals import SignalCode
from ar.credit.signals.commands import note_signal
from ar.credit.signals.inputs import NoteSignal
from ar.credit.signals.running import run_signals
from ar.customers.blacklist.commands import propose_entry
from ar.customers.blacklist.inputs import ProposeListing
from ar.sales.commands import close_order_short, confirm_order, enter_order, sign_off
from ar.sales.deliveries.inputs import ShipDelivery
from ar.sales.deliveries.shipping import pick_delivery, ship_delivery
from ar.sales.inputs import CloseOrder, EnterOrder, SignOffDelivery
from kernel.actor import Actor
from kernel.ids import new_id

_DAY: Final = timedelta(days=1)
#: So many days before today the company began to grant credit here, and its goods left whose notes are still unsigned.
STARTED_AGO: Final = 43
UNSIGNED_AGO: Final = (33, 19, 9, 3)
#: Points of the twelve items of an assessment, and the limit (in ten thousands) and term that come of it.
_GRADES: Final[dict[str, tuple[tuple[int, ...], str, int]]] = {
    "A": ((8,) * 12, "60", 60),
    "B": ((6, 7, 6, 6, 6, 6, 6, 6, 5, 5, 5, 5), "20", 30),
    "C": ((4, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4), "0", 0),
    "D": ((1, 0) + (2,) * 10, "0", 0),
}
#: When a debtor of each grade was founded, and what else the salesperson wrote at the head of Annex 1.
_FOUNDED: Final = {"A": "2009-05-18", "B": "2021-03-08", "C": "2022-06-01", "D": "2026-03-02"}
_HEADER: Final = {
    "address": "工业园区科创路 88 号",
    "telephone": "400 800 1001",
    "employees": "120",
    "legal_representative": "陈立新",
    "main_bank": "中国工商银行开发区支行",
    "business_scope": "电子元件及成套设备的制造与销售",
    "registered_capital": "1,000 万元",
    "forecast": "15",
    "forecast_note": "新产线投产，预计销售略增。",
}
#: Who was assessed, with which grade; who has no limit; whose file is empty; who is stopped, and who is blacklisted.
_ASSESSED: Final = {"C0001": "A", "C0033": "B", "C0043": "C", "C0049": "D"}
_ASSESSING: Final = ("C0035", "C0002")
_UNLIMITED: Final = "C0032"
_NO_LIMIT, _NO_FILE, _STOPPED, _BLACKLISTED = "C0038", "C0036", "C0045", "C0054"
#: Whose limit is less than what they owe, and whose limit stands in a currency of their own.
_OVER: Final = ("C0048", "C0041")
#: Whose limit is that of its parent, which is used up.
_MEMBER: Final = "C0046"
#: The longest term granted, in days; the share of what is bought in it that the limit covers, so that a review finds
#: most of them used; and the room left above what was owed when the limits were taken over.
_LONGEST_TERM, _BOUGHT_SHARE, _ROOM = 90, 0.7, 1.1
_PRICES: Final = ("128.00", "46.50", "3.20")
_PRODUCTS: Final = {
    WEIYE.slug: (("蓝牙音箱 T8", "台"), ("电源模块 P12", "件"), ("连接器 K3", "件")),
    HUAXIN.slug: (("Speaker T8", "pcs"), ("Power module P12", "pcs"), ("Connector K3", "pcs")),
}
_SIGNERS: Final = ("sales-manager", "finance", "general-manager")


def start(story: Story, db: Session, actor: Actor) -> None:
    """Takes over the limits that stood before, and has four debtors assessed, one of each grade."""
    limits = [_limit(story, db, actor, debtor) for debtor in story.cast.debtors if _has_limit(story, debtor)]
    import_id = new_id()
    written = take_over_limits(db, story.person(actor, "accountant"), import_id, limits)
    if written.limit_ids and "general-manager" in story.people:
        approve(story, db, actor, import_id)
    if story.cast is not WEIYE:
        return
    for number, grade in _ASSESSED.items():
        complete_file(story, db, actor, number)
        assessment_id = _assess(story, db, actor, number, grade)
        for step, key in enumerate(_SIGNERS):
            _points, limit, term_days = _GRADES[grade]
            data = SignAssessment(limit=limit, term_days=term_days, note="同意", step=step)
            sign_assessment(db, story.person(actor, key), assessment_id, data)


def ship_unsigned(story: Story, db: Session, actor: Actor) -> None:
    """Ships an order of a debtor that nothing holds on the day; its note does not come back signed."""
    for number in _may_order(story, db, actor):
        order_id = _order(story, db, actor, number, _lines(story, number, 6))
        if order_id is not None:
            ship_note(story, db, actor, order_id)
            return


def ship_and_sign(story: Story, db: Session, actor: Actor) -> None:
    """Ships two orders; one note comes back signed the same day and waits for its invoice, the other is short."""
    done = 0
    for number in _may_order(story, db, actor):
        order_id = _order(story, db, actor, number, _lines(story, number, 9))
        if order_id is None:
            continue
        note_id = ship_note(story, db, actor, order_id)
        signer = "王敏" if story.cast is WEIYE else "Lukas Weber"
        data = SignOffDelivery(signed_on=actor.today, signed_by=signer, channel="scan")
        sign_off(db, story.person(actor, "order-follow-up"), note_id, data, paper_of(story))
        done += 1
        if done == 2:
            return


def ask_temporary(story: Story, db: Session, actor: Actor) -> None:
    """Has a temporary limit granted that runs out in three days, and another one asked for."""
    complete_file(story, db, actor, "C0034")
    values = {"kind": "temporary", "currency": "CNY", "amount": "80000", "valid_from": actor.today}
    data = RequestLimit.model_validate(
        values | {"valid_to": story.today + 3 * _DAY, "reason": "春节前备货，临时增加额度。", "key": _key("temporary")}
    )
    change_id = request_limit(db, story.person(actor, "salesperson"), story.customers["C0034"].id, data)
    approve(story, db, actor, change_id)


def review(story: Story, db: Session, actor: Actor) -> None:
    """Opens a review of every limit and decides half of its lines."""
    person = story.person(actor, "finance")
    review_id = open_review(db, person)
    line = ReviewLine
    lines = db.execute(
        sa.select(line.customer_id, line.flags)
        .where(line.tenant_id == story.tenant_id, line.campaign_id == review_id)
        .order_by(line.customer_id)
    ).all()
    for each in lines[: len(lines) // 2]:
        if each.flags:
            told = ExplainLine(explanation="季节性备货，货款在途，已与客户财务核对。")
            explain_line(db, story.person(actor, "salesperson"), review_id, each.customer_id, told)
        decide_line(db, person, review_id, each.customer_id, DecideLine(decision="keep", note="回款正常，维持不变。"))


def today(story: Story, db: Session, actor: Actor) -> None:
    """Leaves what waits on the demo's day: assessments, orders held for each reason, notes to pick, signals."""
    _waiting_assessments(story, db, actor)
    _held_orders(story, db, actor)
    _notes_to_ship(story, db, actor)
    run_signals(db, actor)
    seller = story.person(actor, "salesperson")
    for number, code, note in (
        ("C0037", SignalCode.SUED, "裁判文书网查到一起货款纠纷，被告。"),
        ("C0044", SignalCode.FINANCE_AVOIDS, "财务总监两次避而不见。"),
    ):
        note_signal(db, seller, story.customers[number].id, NoteSignal(code=code, note=note))
    raised = RequestLimit.model_validate(
        {
            "currency": "CNY",
            "amount": "300000",
            "term_days": 45,
            "valid_from": actor.today,
            "reason": "订单增长，申请提高额度。",
            "key": _key("asked"),
        }
    )
    complete_file(story, db, actor, "C0039")
    request_limit(db, seller, story.customers["C0039"].id, raised)


def trade_abroad(story: Story, db: Session, actor: Actor) -> None:
    """Takes over orders and deliveries of the second company, and looks for danger signals there."""
    for number in [debtor.number for debtor in story.cast.debtors][:6]:
        complete_file(story, db, actor, number)
        order_id = _order(story, db, actor, number, _lines(story, number, 4), keep=True)
        if order_id is not None:
            ship_note(story, db, actor, order_id)
    run_signals(db, actor)


def _has_limit(story: Story, debtor: Debtor) -> bool:
    return not (story.cast is WEIYE and (debtor.number in _ASSESSED or debtor.number == _NO_LIMIT))


def _limit(story: Story, db: Session, actor: Actor, debtor: Debtor) -> TakenOverLimit:
    """Returns the limit of a debtor as it stood: what it buys within the longest term granted, or less than it owes."""
    scale = 1 if debtor.currency == "JPY" else 100
    term_days = max(debtor.term_days, _LONGEST_TERM)
    usual = int(debtor.size * debtor.monthly * term_days * _BOUGHT_SHARE / 30) * scale
    owed = sum(item.open_minor for item in story.owed(db, actor, debtor.number) if item.currency == debtor.currency)
    amount = max(usual, int(owed * _ROOM))
    if debtor.number in _OVER:
        amount = owed // 3
    step = 10_000 * scale
    return TakenOverLimit(
        customer_id=story.customers[debtor.number].id,
        currency=debtor.currency,
        amount_minor=None if debtor.number == _UNLIMITED else -(-amount // step) * step,
        term_days=term_days,
        valid_from=actor.today,
        reason="上线前已批准的额度，随期初接管。" if story.cast is WEIYE else "Stood before we began here",
    )


def _assess(story: Story, db: Session, actor: Actor, number: str, grade: str) -> UUID:
    seller = story.person(actor, "salesperson")
    points, limit, term_days = _GRADES[grade]
    assessment_id = start_assessment(db, seller, StartAssessment(customer_id=story.customers[number].id))
    figures = {"points": points, "limit": limit, "term_days": term_days, "note": "合作多年，往来正常。"}
    data = SaveAssessment.model_validate(_HEADER | figures | {"founded_on": _FOUNDED[grade]})
    submit_assessment(db, seller, assessment_id, data)
    return assessment_id


def _waiting_assessments(story: Story, db: Session, actor: Actor) -> None:
    """Leaves one assessment for the sales manager to sign and one that its author has not finished."""
    waiting, begun = _ASSESSING
    complete_file(story, db, actor, waiting)
    _assess(story, db, actor, waiting, "B")
    start_assessment(db, story.person(actor, "salesperson"), StartAssessment(customer_id=story.customers[begun].id))


def _held_orders(story: Story, db: Session, actor: Actor) -> None:
    """Enters orders that the checks hold, at least one for each reason, each with a note that the warehouse sees."""
    director, seller = story.person(actor, "finance-director"), story.person(actor, "salesperson")
    stop = StopShipments(customer_id=story.customers[_STOPPED].id, reason="连续两期未付，暂停发货。")
    stop_shipments(db, director, stop)
    # A contract is not made with a blacklisted customer: theirs is older than the listing.
    framework(story, db, actor, next(each for each in story.cast.debtors if each.number == _BLACKLISTED))
    listing = ProposeListing(reason="多次恶意拖欠，拒接电话。")
    entry_id = propose_entry(db, seller, story.customers[_BLACKLISTED].id, listing)
    approve(story, db, actor, entry_id)
    for number in ("C0031", "C0040", _NO_LIMIT, _STOPPED, "C0001", "C0033", "C0043", "C0049", "C0056"):
        complete_file(story, db, actor, number)
    contract_id = priced_contract(story, db, actor, "C0001")
    many = [("蓝牙音箱 T8", "台", "40000", "128.00")]
    few = [("电源模块 P12", "件", "20", "46.50")]
    held: tuple[tuple[str, list[tuple[str, str, str, str]], dict[str, Any]], ...] = (
        ("C0033", few, {"term_days": 60}),  # a longer term than was granted
        ("C0033", many, {}),  # limit
        (_NO_LIMIT, few, {}),  # no limit
        (_overdue(story, db, actor), few, {}),  # term
        ("C0040", few, {"term_days": None}),  # no term in writing
        ("C0031", few, {"currency": "THB"}),  # no rate
        ("C0043", few, {}),  # grade C: proof of payment
        ("C0049", few, {}),  # grade D: cleared funds
        ("C0056", many, {"prepaid": True}),  # paid in advance, not all of it here
        (_STOPPED, few, {}),  # stop of shipments
        (_BLACKLISTED, few, {}),
        (_NO_FILE, few, {}),
        ("C0040", few, {"contract": None}),  # no contract
        ("C0001", [("蓝牙音箱 T8", "台", "10", "127.99")], {"contract": contract_id}),  # price
        ("C0001", [("蓝牙音箱 T8", "台", "600", "128.00")], {"contract": contract_id}),  # quantity
    )
    for number, lines, more in held:
        _order(story, db, actor, number, lines, keep=True, noted=True, **more)
    _closed_order(story, db, actor, few)
    asked.group_with_head(story, db, actor, _OVER[0], _MEMBER)
    waiting = asked.unconfirmed(story, db, actor, _taken())
    for number in [_MEMBER, *([waiting] if waiting else [])]:
        complete_file(story, db, actor, number)
        _order(story, db, actor, number, few, keep=True, noted=True)
    asked.request_and_proof(story, db, actor, "C0033", "C0043")
    asked.guarantee(story, db, actor, "C0034")


def _closed_order(story: Story, db: Session, actor: Actor, lines: Sequence[tuple[str, str, str, str]]) -> None:
    """Leaves a note of an order that was closed short after the note was planned: nothing of it moves."""
    for number in _may_order(story, db, actor):
        order_id = _order(story, db, actor, number, lines)
        if order_id is not None:
            plan_note(story, db, actor, order_id)
            person = story.person(actor, "order-follow-up")
            close_order_short(db, person, order_id, CloseOrder(reason="客户取消余量，送货单待收回。"))
            return


def _notes_to_ship(story: Story, db: Session, actor: Actor) -> None:
    """Leaves notes for the warehouse: planned, picked, and one on its way with the driver."""
    found = 0
    for number in _may_order(story, db, actor):
        order_id = _order(story, db, actor, number, _lines(story, number, 12))
        if order_id is None:
            continue
        note_id = plan_note(story, db, actor, order_id)
        keeper = story.person(actor, "warehouse")
        if found > 0:
            pick_delivery(db, keeper, note_id)
        if found > 1:
            ship_delivery(db, keeper, note_id, ShipDelivery())
        found += 1
        if found == 4:
            return


def _may_order(story: Story, db: Session, actor: Actor) -> Iterator[str]:
    """Yields the debtors that owe nothing past due on the day, another one first on each day."""
    taken, own = _taken(), story.cast.currency
    numbers = [d.number for d in story.cast.debtors if d.currency == own and d.number not in taken]
    shift = actor.today.toordinal() % len(numbers)
    for number in [*numbers[shift:], *numbers[:shift]]:
        if not story.overdue(db, actor, number):
            complete_file(story, db, actor, number)
            yield number


def _taken() -> set[str]:
    """Returns the debtors that have a part of their own, and are no example of another."""
    return {*_ASSESSED, *_ASSESSING, *_OVER, _MEMBER, _NO_LIMIT, _NO_FILE, _STOPPED, _BLACKLISTED}


def _overdue(story: Story, db: Session, actor: Actor) -> str:
    """Returns a debtor with something past due whose limit is not the matter."""
    for number in ("C0042", "C0047", "C0050", "C0051"):
        if story.overdue(db, actor, number):
            complete_file(story, db, actor, number)
            return number
    return "C0042"


def _lines(story: Story, number: str, times: int) -> list[tuple[str, str, str, str]]:
    quantity, products = str(times * (1 + int(number[-1]))), _PRODUCTS[story.cast.slug]
    return [(product, unit, quantity, price) for (product, unit), price in zip(products, _PRICES, strict=True)]


def _order(
    story: Story,
    db: Session,
    actor: Actor,
    number: str,
    lines: Sequence[tuple[str, str, str, str]],
    *,
    keep: bool = False,
    noted: bool = False,
    contract: UUID | str | None = "framework",
    **more: Any,
) -> UUID | None:
    """Enters an order and asks the checks; returns its id where it is released.

    One that is held stays with `keep`, and gets a note that waits in the warehouse with `noted`.
    """
    debtor = next(each for each in story.cast.debtors if each.number == number)
    person = story.person(actor, "order-follow-up")
    # Before the savepoint: the contract stays when the order is given up.
    contract_id = framework(story, db, actor, debtor) if contract == "framework" else contract
    savepoint = db.begin_nested()
    values: dict[str, Any] = {
        "customer_id": story.customers[number].id,
        "contract_id": contract_id,
        "ordered_on": actor.today,
        "currency": debtor.currency,
        "term_days": debtor.term_days,
    }
    data = EnterOrder.model_validate(
        {
            **values,
            **more,
            "lines": [
                {"line_no": at, "product": product, "unit": unit, "quantity": Decimal(quantity), "unit_price": price}
                for at, (product, unit, quantity, price) in enumerate(lines, start=1)
            ],
        }
    )
    # Of a company without a sales manager nobody reviews a contract here: its orders were made elsewhere.
    order_id = enter_order(db, person, data, is_history=story.cast is not WEIYE)
    decision = confirm_order(db, person, order_id)
    if not decision.passes and not keep:
        savepoint.rollback()
        return None
    if noted and not decision.passes:
        plan_note(story, db, actor, order_id, goes=False)
    savepoint.commit()
    return order_id if decision.passes else None


def _key(name: str) -> str:
    return f"demo-trade-{name}".ljust(16, "-")
