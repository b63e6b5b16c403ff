"""The bank page says of each account what is open, and each question has its page and its answer."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

from tests.ar.receipts.bank.movements.test_identity import IBAN, minors, mt940, questions
from tests.ar.receipts.bank.test_line_import import account, page, table, upload
from tests.support.companies import TestCompany

ON = date(2026, 11, 2)


def test_a_gap_stands_on_the_bank_page_and_is_accounted_for_on_its_own(company: TestCompany) -> None:
    euro = account(company, IBAN, "EUR")
    upload(company, mt940("221/1", "1000,00", "1100,00", "C100,00NTRFA", on="261102"))
    upload(company, mt940("223/1", "1300,00", "1350,00", "C50,00NTRFB", on="261104"))
    client = company.client("accountant")
    listed = client.get(company.url("/bank/")).text
    assert "Gap of" in listed
    assert "200.00" in listed
    assert "1,350.00" in listed
    url = company.url(f"/bank/accounts/{euro}/breaks")
    shown = client.get(url).text
    assert "between 221/1 and 223/1" in shown
    fields = dict(re.findall(r'name="(before_id|after_id|off_minor|key)" value="([^"]*)"', shown))
    missing = client.post(url, data={**fields, "reason": " "})
    assert missing.status_code == 422
    assert client.post(url, data={**fields, "reason": "旧系统换账"}).status_code == 303
    assert "Gap of" not in client.get(company.url("/bank/")).text
    assert "旧系统换账" in client.get(url).text
    late = client.post(url, data={**fields, "key": uuid4().hex, "reason": "again"})
    assert late.status_code == 422
    assert "have changed" in late.text


def test_what_is_maybe_the_same_is_answered_with_ticks(company: TestCompany) -> None:
    chosen = account(company)
    upload(company, table([(ON, 100_00, "货款")]), chosen)
    file_id, _state = upload(company, table([(ON, 100_00, "货款")]) + "\n", chosen)
    client = company.client("accountant")
    assert "Decide on 1 movement: maybe the same" in client.get(company.url("/bank/")).text
    assert page(company, file_id).lines_asked == 1
    assert "is not added until you decide" in client.get(company.url(f"/bank/files/{file_id}")).text
    url = company.url("/bank/duplicates")
    shown = client.get(url).text
    assert "货款" in shown
    key = re.search(r'name="key" value="([^"]*)"', shown)
    assert key is not None
    nothing = client.post(url, data={"key": key[1], "decision": "same"})
    assert nothing.status_code == 422
    assert "Tick the movements" in nothing.text
    (question,) = questions(company)
    sent = {"key": key[1], "decision": "different", "selected": str(question)}
    assert client.post(url, data=sent).status_code == 303
    assert client.post(url, data=sent).status_code == 303  # the same form again changes nothing
    assert minors(company) == [100_00, 100_00]
    assert "until you decide" not in client.get(company.url(f"/bank/files/{file_id}")).text
    late = client.post(url, data={**sent, "key": uuid4().hex})
    assert late.status_code == 422
    assert "already decided" in late.text
    seller = company.client("salesperson")
    assert seller.post(url, data=sent).status_code == 403
