"""Builds the demo's cash data: rates, bank files, bills, interest, a closed month, open approvals.

Invariant: issued today by the commands that the pages use; only documents that are not due yet are touched, so the
review queue stays as built.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.seeds.story import Story
from ar.bills.commands import take_step
from ar.bills.inputs import BillStep, Discount, Dishonour, ReceiveBill, Transfer
from ar.bills.receiving import receive_bill
from ar.bills.rules import State, StepKind
from ar.interest import commands as interest
from ar.interest.inputs import AddRate, PostInterest, SetTerms, WaiveInterest
from ar.interest.queries import run_page
from ar.interest.rates import add_rate
from ar.interest.waivers import waive
from ar.ledger.books.queries import OpenItemView, open_items
from ar.ledger.closing.commands import lock_through
from ar.ledger.closing.fx.rates import NewRate, record_rates
from ar.ledger.documents.commands import post_document
from ar.ledger.documents.drafts import save_draft
from ar.ledger.documents.inputs import SubmittedDocument
from ar.ledger.receivables.settlement.inputs import WriteOffRemainder
from ar.ledger.receivables.settlement.write_offs import write_off_remainder
from ar.receipts.bank import files as bank_files
from ar.receipts.bank.accounts import add_account
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.posting.commands import post_receipt
from ar.receipts.posting.inputs import PostReceipt
from ar.receipts.refunds.commands import request_refund
from ar.receipts.refunds.inputs import RequestRefund
from kernel.actor import Actor
from kernel.money import decimal_text

_DAY: Final = timedelta(days=1)
#: What one unit is worth in the company's currency at month ends, newest first. Example values, no quotation.
_RATES: Final = {
    "CNY": {
        "USD": ("7.1068", "7.1055", "7.1494", "7.1586"),
        "EUR": ("8.2231", "8.3351", "8.3683", "8.1754"),
        "JPY": ("0.0467", "0.0468", "0.0475", "0.0481"),
    },
    "EUR": {"USD": ("0.8642", "0.8525", "0.8543", "0.8756")},
}
_RATES_SOURCE: Final = {"CNY": "示例汇率", "EUR": "Example rate"}
_LPR_SUPPOSED_FROM: Final = date(2026, 7, 20)
_OUR_ACCOUNT: Final = "6222021001116245"
_ICBC_HEAD: Final = (
    "中国工商银行,,,,,,,,,\n账号：6222 0210 0111 6245,,币种：人民币,,,,,,,\n"
    "凭证号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,对方账号\n"
)


def build(story: Story, db: Session, actor: Actor) -> None:
    """Builds everything of this module except the rates, on the demo's today."""
    person = story.person(actor, "accountant")
    desk = _desk(story, db, person)
    _documents(story, db, person)
    _bills(db, person, desk)
    _interest(story, db, person)
    _bank(db, person, desk)
    _decisions(story, db, person, desk)
    lock_through(db, story.person(actor, "finance-director"), _month_ends(story.today)[1], "结账")


def _key(name: str) -> str:
    return f"demo-key-{name}".ljust(16, "-")


def _month_ends(today: date) -> list[date]:
    """Returns the last days of the four months before today's, newest first."""
    found, day = [], today
    for _ in range(4):
        day = day.replace(day=1) - _DAY
        found.append(day)
    return found


def _desk(story: Story, db: Session, actor: Actor) -> Iterator[OpenItemView]:
    """Yields the invoices that the history reserved for the cash data, one per customer."""
    ids = [story.items["invoice", number] for number in story.history.desk]
    found = {item.id: item for item in open_items(db, story.tenant_id, as_of=actor.today, item_ids=ids)}
    return iter([found[id_] for id_ in ids])


def record_month_end_rates(story: Story, db: Session, actor: Actor) -> None:
    """Records exchange rates of today and of the last month ends."""
    days = [story.today, *_month_ends(story.today)[:3]]
    rates = [
        NewRate(currency, day, Decimal(value), _RATES_SOURCE[story.cast.currency])
        for currency, values in _RATES[story.cast.currency].items()
        for day, value in zip(days, values, strict=True)
    ]
    record_rates(db, story.person(actor, "accountant" if "accountant" in story.people else "finance"), rates)


def _documents(story: Story, db: Session, actor: Actor) -> None:
    """Posts an invoice by instalments whose first is late, one with a discount earned, a small rest, a draft."""
    today = story.today
    number = story.cast.debtors[3].number
    dues = [today - 4 * _DAY, today + 26 * _DAY, today + 56 * _DAY]
    post_document(
        db,
        actor,
        "invoice",
        SubmittedDocument(
            customer=number, document_on=f"{today - 34 * _DAY}", currency="CNY", amount="90000.00", tax_rate="13",
            instalment_due=[day.isoformat() for day in dues], instalment_amount=["30000.00"] * 3,
            memo="分三期付款", key=_key("instalments"), action="post",
        ),
    )  # fmt: skip
    number = story.cast.debtors[5].number
    invoice = post_document(
        db,
        actor,
        "invoice",
        SubmittedDocument(
            customer=number, document_on=f"{today - 8 * _DAY}", due_on=f"{today + 22 * _DAY}", currency="CNY",
            amount="50000.00", tax_rate="13", discount_percent="2", discount_days="10", memo="2/10 net 30",
            key=_key("discount"), action="post",
        ),
    )  # fmt: skip
    part = {"item_id": invoice, "amount": "49000.00"}
    post_receipt(
        db,
        actor,
        PostReceipt.model_validate(
            {
                "customer_no": number, "received_on": today, "amount": "49000.00", "how": "ticked", "parts": [part],
                "designation": "2/10 net 30", "key": _key("discount-paid"),
            }
        ),
    )  # fmt: skip
    typed = SubmittedDocument(
        customer=story.cast.debtors[7].number, document_on=today.isoformat(), currency="CNY", amount="18,600.00",
        tax_rate="13", memo="等待送货单签收", key=_key("draft"), action="draft",
    )  # fmt: skip
    save_draft(db, actor, "invoice", typed)


def _bills(db: Session, actor: Actor, desk: Iterator[OpenItemView]) -> None:
    """Posts a bill that is to be presented today, one discounted with recourse, one endorsed, one dishonoured."""
    today = actor.today

    def bill(n: int, kind: str, item: OpenItemView, taken: int, matures: int) -> UUID:
        data = ReceiveBill.model_validate(
            {
                "customer_no": item.customer_no, "number": f"5{n:029d}", "kind": kind, "drawer": item.customer_name,
                "acceptor": "中国建设银行东莞分行" if kind == "bank" else item.customer_name,
                "payee": "伟业电子有限公司", "issued_on": max(item.document_on, today - taken * _DAY),
                "matures_on": today + matures * _DAY, "currency": "CNY",
                "amount": decimal_text(item.open_minor, "CNY"),
                "received_on": max(item.document_on, today - taken * _DAY), "pays": "chosen",
                "item_ids": [item.id], "key": _key(f"bill-{n}"),
            }
        )  # fmt: skip
        return receive_bill(db, actor, data)

    bill(1, "bank", next(desk), 20, 0)
    lent = bill(2, "commercial", next(desk), 10, 80)
    given = {"on": today - 2 * _DAY, "seen": State.HELD}
    with_recourse = {"counterparty": "招商银行东莞分行", "rate": "1.8", "recourse": "with", "key": _key("lent")}
    take_step(db, actor, lent, StepKind.DISCOUNT_RECOURSE, Discount.model_validate(given | with_recourse))
    endorsed = bill(3, "bank", next(desk), 12, 60)
    handed = {"counterparty": "东莞市鸿达元件有限公司", "key": _key("endorsed")}
    take_step(db, actor, endorsed, StepKind.ENDORSE, Transfer.model_validate(given | handed))
    refused = bill(4, "commercial", next(desk), 15, -1)
    presentment = BillStep(on=today - _DAY, seen=State.HELD, key=_key("presented"))
    take_step(db, actor, refused, StepKind.PRESENT, presentment)
    proof = Dishonour(on=today, seen=State.PRESENTED, key=_key("refused"), proof="拒绝付款证明：账户余额不足")
    take_step(db, actor, refused, StepKind.DISHONOUR, proof)


def _interest(story: Story, db: Session, actor: Actor) -> None:
    """Sets a customer's contract rate, charges interest through the last month end and waives a part.

    Of the months for which the product ships no LPR the demo supposes that it held, and says so as its source.
    """
    if story.today >= _LPR_SUPPOSED_FROM:
        supposed = AddRate(
            series="lpr_1y", from_on=_LPR_SUPPOSED_FROM, through_on=story.today, percent=Decimal(3),
            source="演示用假设，并非公布的利率",
        )  # fmt: skip
        add_rate(db, actor, supposed)
    number = story.cast.debtors[46].number
    customer, through = story.customers[number].id, _month_ends(story.today)[0]
    interest.set_terms(
        db, actor, customer, SetTerms(kind="contract", from_on=date(2025, 1, 1), daily_percent=Decimal("0.05"))
    )
    preview = interest.preview(db, actor, through, number)
    asked = PostInterest(
        through_on=through, document_on=story.today, due_days=10, customer_no=number, everyone=True,
        fingerprint=preview.fingerprint, key=_key("interest"),
    )  # fmt: skip
    run = run_page(db, story.tenant_id, interest.post_run(db, actor, asked))
    waive(db, actor, run.charges[0].id, WaiveInterest(amount="10.00", reason="客户关系", key=_key("waive")))


def _bank(db: Session, actor: Actor, desk: Iterator[OpenItemView]) -> None:
    """Imports this week's bank file: lines with a sure match, a likely match, and none."""
    account = add_account(
        db, actor, SaveBankAccount(name="工行基本户", bank_name="中国工商银行东莞松山湖支行", account_no=_OUR_ACCOUNT)
    )
    add_account(db, actor, SaveBankAccount(name="现金", account_code="cash"))
    items = [next(desk) for _ in range(6)]
    balance = 1_250_000_00
    lines: list[str] = []

    def line(minor: int, name: str, text: str, number: str) -> None:
        nonlocal balance
        balance += minor
        day = actor.today - (6 - min(len(lines), 6)) * _DAY
        out, came = (decimal_text(-minor, "CNY"), "") if minor < 0 else ("", decimal_text(minor, "CNY"))
        kind = "借" if minor < 0 else "贷"
        lines.append(
            f"{len(lines) + 1:04d},{day} 10:{len(lines):02d}:00,{kind},{out},{came},102,转账,{text},{name},"
            f"{decimal_text(balance, 'CNY')},{number}"
        )

    for item in items[:2]:
        line(item.open_minor, item.customer_name, f"货款{item.document_no}", f"4000{item.customer_no[1:]}")
    line(items[2].open_minor, items[2].customer_name, "货款", f"4000{items[2].customer_no[1:]}")
    line(items[3].open_minor - 15_00, items[3].customer_name, f"付{items[3].document_no}扣手续费", "40009903")
    line(-1_286_50, "东莞供电局", "电费", "44009001")
    line(36_000_00, "深圳市汇通商贸行", "往来款", "40009955")
    line(12_500_00, items[4].customer_name, "预付", f"4000{items[4].customer_no[1:]}")
    content = (_ICBC_HEAD + "\n".join(lines) + "\n").encode("gb18030")
    file_id, _new = bank_files.upload(
        db, actor, BankUpload(f"icbc-{actor.today:%Y%m%d}.csv", content, account), schedule=False
    )
    bank_files.parse_file(db, actor, file_id)


def _decisions(story: Story, db: Session, actor: Actor, desk: Iterator[OpenItemView]) -> None:
    """Requests approvals of the finance director: a small write-off and a refund."""
    item = next(desk)
    part = {"item_id": item.id, "amount": decimal_text(item.open_minor - 35_00, "CNY")}
    short = {
        "customer_no": item.customer_no, "received_on": story.today, "amount": part["amount"], "how": "ticked",
        "parts": [part], "key": _key("short"),
    }  # fmt: skip
    post_receipt(db, actor, PostReceipt.model_validate(short))
    write_off_remainder(
        db, actor, item.id, WriteOffRemainder(reason="bank_charges", text="境外汇款手续费", key=_key("rest"))
    )
    twice = story.cast.debtors[9]
    paid = {"customer_no": twice.number, "received_on": story.today, "amount": "8800.00", "how": "nothing"}
    credit = post_receipt(db, actor, PostReceipt.model_validate(paid | {"key": _key("twice")}))
    request_refund(
        db,
        actor,
        credit,
        RequestRefund(amount="8800.00", payee_name=twice.name, payee_account="40009977", reason="重复付款",
                  key=_key("refund")),
    )  # fmt: skip
