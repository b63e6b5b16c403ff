"""Refunds: asked for, decided by others, paid out of what is unapplied then, or not at all."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from ar.ledger.models import OpenItem, Posting
from ar.receipts import refund_queries, refunds
from ar.receipts.receipt_inputs import AskRefund
from kernel.errors import Conflict, Forbidden, HuikuanError, RuleBroken
from tenants.approvals.engine import decide
from tests.ar.receipts.till import Till
from tests.support.approvals import approve_all, decide_as, person
from tests.support.books import TODAY
from tests.support.companies import TestCompany

ON = date(2026, 11, 18)


@pytest.fixture
def till(company: TestCompany) -> Till:
    """300.00 unapplied of one customer, and the people who decide."""
    made = Till(company)
    made.customer_id = made.customer("00001", "深圳鑫晟电子")  # type: ignore[attr-defined]
    made.credit = made.post(made.customer_id, "receipt", "R-1", ON, 300_00)  # type: ignore[attr-defined]
    made.asker = person(company, "accountant", today=TODAY)  # type: ignore[attr-defined]
    made.director = person(company, "finance_director", today=TODAY)  # type: ignore[attr-defined]
    made.manager = person(company, "general_manager", today=TODAY)  # type: ignore[attr-defined]
    return made


def ask(till: Till, amount: str = "100", credit: UUID | None = None, **more: object) -> UUID:
    given = {"amount": amount, "payee_name": "鑫晟", "reason": "多付", "key": uuid4().hex, **more}
    with till.company.transaction() as db:
        return refunds.ask_refund(db, till.asker, credit or till.credit, AskRefund.model_validate(given))  # type: ignore[attr-defined]


def shown(till: Till, refund: UUID) -> refund_queries.RefundView:
    with till.company.reading() as db:
        return refund_queries.refund_page(db, till.company.tenant_id, refund)


def test_nothing_is_booked_before_it_is_approved_and_then_it_is(till: Till) -> None:
    refund = ask(till)
    assert till.open_minor(till.credit) == 300_00  # type: ignore[attr-defined]
    asked = shown(till, refund)
    assert asked.approval_id is not None
    approve_all(till.company, asked.approval_id, TODAY)
    paid = shown(till, refund)
    assert (paid.state, paid.refund_no) == ("paid", "RF-2026-000001")
    assert till.open_minor(till.credit) == 200_00  # type: ignore[attr-defined]
    with till.company.reading() as db:
        i, p = OpenItem, Posting
        legs = db.execute(
            sa.select(p.account_code, p.debit_minor, p.credit_minor)
            .join(i, sa.and_(i.tenant_id == p.tenant_id, i.entry_id == p.entry_id))
            .where(p.tenant_id == till.company.tenant_id, i.id == paid.refund_item_id)
        )
        assert {tuple(leg) for leg in legs} == {("receivables", 100_00, 0), ("bank", 0, 100_00)}


def test_the_general_manager_decides_from_a_hundred_thousand_on(till: Till) -> None:
    large = till.post(till.customer_id, "receipt", "R-2", ON, 200_000_00)  # type: ignore[attr-defined]
    small = shown(till, ask(till)).approval_id
    big = shown(till, ask(till, "100000.00", large)).approval_id
    assert small is not None
    assert big is not None
    assert len(approve_all(till.company, small, TODAY)) == 1
    assert len(approve_all(till.company, big, TODAY)) == 2


def test_who_asks_does_not_decide(till: Till) -> None:
    approval = shown(till, ask(till)).approval_id
    assert approval is not None
    with pytest.raises(Forbidden), till.company.transaction() as db:
        decide(db, till.asker, approval, approve=True)  # type: ignore[attr-defined]
    assert till.count("refund") == 0


def test_a_credit_that_was_used_otherwise_is_not_given_back_as_well(till: Till) -> None:
    refund = ask(till, "300")
    invoice = till.post(till.customer_id, "invoice", "INV-1", date(2026, 10, 1), 250_00)  # type: ignore[attr-defined]
    till.allocate(invoice, till.credit, 250_00)  # type: ignore[attr-defined]
    approval = shown(till, refund).approval_id
    assert approval is not None
    with pytest.raises(Conflict, match="refund_credit_gone"), till.company.transaction() as db:
        decide(db, till.director, approval, approve=True)  # type: ignore[attr-defined]
    assert shown(till, refund).state == "asked"
    assert till.count("refund") == 0


def test_what_is_asked_for_is_not_promised_twice(till: Till) -> None:
    ask(till, "250")
    with pytest.raises(RuleBroken, match="refund_too_much"):
        ask(till, "51")
    ask(till, "50")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"amount": "300.01"}, "refund_too_much"),
        ({"amount": "x"}, "amount_unreadable"),
        ({"bank_account_id": uuid4()}, "receipt_account_unknown"),
    ],
)
def test_what_cannot_be_given_back_is_refused(till: Till, more: dict[str, object], code: str) -> None:
    with pytest.raises(HuikuanError, match=code):
        ask(till, **more)  # type: ignore[arg-type]


def test_an_invoice_is_no_money_to_give_back(till: Till) -> None:
    invoice = till.post(till.customer_id, "invoice", "INV-1", date(2026, 10, 1), 250_00)  # type: ignore[attr-defined]
    with pytest.raises(RuleBroken, match="refund_of_debit"):
        ask(till, credit=invoice)


def test_rejected_or_withdrawn_the_credit_is_free_again(till: Till) -> None:
    first, second = ask(till, "150"), ask(till, "150")
    approval = shown(till, first).approval_id
    assert approval is not None
    with till.company.transaction() as db:
        decide(db, till.director, approval, approve=False, reason="无合同")  # type: ignore[attr-defined]
    with till.company.transaction() as db:
        refunds.withdraw_refund(db, till.asker, second, "客户不要")  # type: ignore[attr-defined]
    assert [shown(till, each).state for each in (first, second)] == ["refused", "withdrawn"]
    with pytest.raises(Conflict, match="refund_settled"), till.company.transaction() as db:
        refunds.withdraw_refund(db, till.asker, second, "again")  # type: ignore[attr-defined]
    ask(till, "300")
    assert decide_as is not None


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_ask_once_show_and_withdraw(till: Till, language: str) -> None:
    client = till.company.client("accountant", language)
    path = till.company.url(f"/refunds/of/{till.credit}")  # type: ignore[attr-defined]
    assert "300.00" in client.get(path).text
    form = {"amount": "999", "payee_name": "鑫晟科技", "reason": "多付一笔", "key": "k" * 20}
    wrong = client.post(path, data=form)
    assert wrong.status_code == 422
    assert "多付一笔" in wrong.text
    asked = client.post(path, data={**form, "amount": "20"})
    assert asked.status_code == 303
    assert client.post(path, data={**form, "amount": "20"}).headers["Location"] == asked.headers["Location"]
    assert "20.00" in client.get(asked.headers["Location"]).text
    assert "鑫晟科技" in client.get(till.company.url("/refunds/?state=asked")).text
    assert client.post(asked.headers["Location"] + "/withdrawal", data={}).status_code == 422
    assert client.post(asked.headers["Location"] + "/withdrawal", data={"reason": "x"}).status_code == 303
    assert till.company.client("salesperson").get(path).status_code == 403
    assert till.company.client("salesperson").get(till.company.url("/refunds/")).status_code == 200
