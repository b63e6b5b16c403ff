"""The pages of losses over HTTP: from policy to posted run, from proposal to recovery; who may, what is kept, 404s."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from kernel.clock import fixed_clock, moment_on
from tests.ar.losses.desk import BASE, PDF, TODAY, LossDesk, key
from tests.support.approvals import approve_all, everybody
from tests.support.companies import TestCompany


@pytest.fixture
def desk(company: TestCompany) -> Iterator[LossDesk]:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield LossDesk(company)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the last form that posts."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def evidence() -> dict[str, Any]:
    return {"files": (io.BytesIO(PDF.content), "判决书.pdf")}


def proposal(customer: UUID, item: UUID, **values: Any) -> dict[str, Any]:
    fields = {"selected": str(item), "cause": "bankrupt", "options": ["legal_help"], "reason": "法院裁定", "key": key()}
    return fields | values | evidence()


def test_from_the_policy_to_a_posted_run(desk: LossDesk) -> None:
    desk.owe(desk.books.customer(), "INV-1", 15_000_00, 10)
    url, director, clerk = desk.company.url, desk.company.client("finance_director"), desk.company.client()
    assert "There is no provision policy yet" in clerk.get(url("/provisions/")).text
    assert clerk.get(url(f"/provisions/new?as_of={TODAY}")).status_code == 422
    form = BASE | {"method": "matrix", "months": "12", "lgd": "100", "fallback": "100", "factor": "1"}
    assert director.post(url("/provisions/policy"), data=form).status_code == 303
    page = clerk.get(url(f"/provisions/new?as_of={TODAY}"))
    for expected in ("15,000.00", "1.6 %", "240.00", "Movement of the allowance", "1 to 30 days late"):
        assert expected in text_of(page.text), expected
    sent = hidden(page.text)
    first, again = (clerk.post(url("/provisions/"), data=sent) for _n in range(2))
    assert (first.status_code, again.status_code, first.location) == (303, 303, again.location)
    assert desk.account("allowance") == -240_00
    run = clerk.get(first.location).text
    assert "PV-2026-000001" in run
    entry = re.search(r'/c/[^"]+/accounts/entries/[0-9a-f-]+', run)
    assert entry is not None
    assert "PV-2026-000001" in clerk.get(entry[0]).text, "the entry leads back to its run"
    assert clerk.post(f"{first.location}/reversal", data={"reason": ""}).status_code == 422
    assert clerk.post(f"{first.location}/reversal", data={"reason": "算错了"}).status_code == 303
    assert desk.account("allowance") == 0


def test_when_the_books_moved_the_new_figures_are_shown(desk: LossDesk) -> None:
    customer = desk.books.customer()
    desk.owe(customer, "INV-1", 1_000_00, 10)
    desk.policy()
    client = desk.company.client()
    sent = hidden(client.get(desk.company.url(f"/provisions/new?as_of={TODAY}")).text)
    desk.owe(customer, "INV-2", 1_000_00, 10)
    answer = client.post(desk.company.url("/provisions/"), data=sent)
    assert answer.status_code == 409
    assert "The books have moved" in answer.text
    assert "32.00" in text_of(answer.text)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": ["0.3", "1.6", "3.6", "6.6", "x"]}, "Write a number like"),
        ({"through": ["0", "30", "60", "90", "99"]}, "The last bucket has no end"),
        ({"factor": "1.3"}, "needs its reason in writing"),
        ({"lgd": "120"}, "from 0 to 100 per cent"),
        ({"months": "many"}, "Write a whole number"),
    ],
)
def test_a_bad_policy_comes_back_as_typed(desk: LossDesk, values: dict[str, Any], sentence: str) -> None:
    client = desk.company.client("finance_director")
    form = BASE | {"method": "matrix", "months": "12", "lgd": "100", "fallback": "100", "factor": "1"} | values
    answer = client.post(desk.company.url("/provisions/policy"), data=form)
    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert 'value="6.6"' in answer.text
    assert "There is no provision policy yet" in client.get(desk.company.url("/provisions/")).text


def test_a_document_is_judged_by_itself_on_the_page_of_the_policy(desk: LossDesk) -> None:
    desk.owe(desk.books.customer(), "INV-1", 1_000_00, 10)
    client, url = desk.company.client(), desk.company.url("/provisions/assessments")
    assert client.post(url, data={"document_no": "INV-9", "loss": "50", "reason": "清算"}).status_code == 422
    assert client.post(url, data={"document_no": "INV-1", "loss": "150", "reason": "清算"}).status_code == 422
    assert client.post(url, data={"document_no": "INV-1", "loss": "50", "reason": "清算"}).status_code == 303
    assert "50 %" in text_of(client.get(desk.company.url("/provisions/policy")).text)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_from_the_proposal_to_the_recovery(desk: LossDesk, language: str) -> None:
    customer = desk.books.customer()
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    everybody(desk.company)
    client, url = desk.company.client("accountant", language), desk.company.url
    new = url(f"/bad-debts/of/{customer}")
    assert "INV-1" in client.get(new).text
    form = proposal(customer, debt)
    first = client.post(new, data=form)
    again = client.post(new, data=form | evidence())
    assert (first.status_code, again.status_code, first.location) == (303, 303, again.location)
    case = UUID(first.location.rpartition("/")[2])
    page = client.get(first.location).text
    assert "BD-2026-000001" in page
    found = re.search(r'href="([^"]+/evidence\?file=[0-9a-f]{64})"', page)
    assert found is not None
    proof = client.get(found[1])
    assert (proof.data, proof.mimetype) == (PDF.content, "application/pdf")
    assert proof.headers["Content-Disposition"].startswith("attachment")
    approval = client.get(url(f"/approvals/{desk.approval_of(case)}"))
    assert "INV-1" in approval.text
    assert "判决书.pdf" in approval.text
    approve_all(desk.company, desk.approval_of(case), TODAY)
    page = client.get(first.location).text
    money = {"amount": "250.00", "currency": "CNY", "received_on": TODAY.isoformat(), "account": "bank", "key": key()}
    for _twice in range(2):
        assert client.post(url(f"/losses/{case}/receipts"), data=money).status_code == 303
    assert desk.account("written_off") == 750_00
    page = client.get(first.location).text
    assert "750.00" in text_of(page).replace(" .", ".")
    receipt = desk.case(case).recoveries[0].credit_item_id
    assert client.get(url(f"/receipts/{receipt}")).status_code == 200
    assert client.get(url(f"/receivables/{desk.case(case).recoveries[0].recovery_item_id}")).status_code == 200
    tracking = text_of(client.get(url("/losses/written-off")).text)
    for amount in ("1,000.00", "250.00", "750.00"):
        assert amount in tracking
    event = {"kind": "promise", "text": "年底前付", "promised_on": "2026-12-31", "key": key()}
    assert client.post(url(f"/losses/{case}/events"), data=event).status_code == 303
    recovery = desk.case(case).recoveries[0].id
    assert client.post(url(f"/losses/recoveries/{recovery}/reversal"), data={"reason": "记错"}).status_code == 303
    assert client.post(url(f"/bad-debts/{case}/reversal"), data={"reason": "误核销"}).status_code == 303
    assert desk.open_of(debt) == 1_000_00


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reason": ""}, "This is needed"),
        ({"selected": ""}, "Tick the documents"),
        ({"cause": "tired"}, "Choose one of the options"),
        ({"amount": "9999"}, "More than is open"),
        ({"amount": "abc"}, "abc"),
    ],
)
def test_a_bad_proposal_comes_back_as_typed(desk: LossDesk, values: dict[str, Any], sentence: str) -> None:
    customer = desk.books.customer()
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    everybody(desk.company)
    form = proposal(customer, debt, **values)
    form[f"amount_{debt}"] = form.pop("amount", "12.34")
    answer = desk.company.client().post(desk.company.url(f"/bad-debts/of/{customer}"), data=form)
    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert f'value="{form[f"amount_{debt}"]}"' in answer.text
    if values != {"selected": ""}:
        assert re.search(rf'value="{debt}"[^>]* checked', answer.text)
    assert "BD-2026" not in desk.company.client().get(desk.company.url("/bad-debts/")).text


def test_a_bad_file_and_a_missing_one_are_said_at_their_field(desk: LossDesk) -> None:
    customer = desk.books.customer()
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    everybody(desk.company)
    client, url = desk.company.client(), desk.company.url(f"/bad-debts/of/{customer}")
    fields = {name: value for name, value in proposal(customer, debt).items() if name != "files"}
    assert "Add at least one file" in client.post(url, data=fields).text
    wrong = fields | {"files": (io.BytesIO(b"<html>"), "x.html")}
    assert "x.html is none of the kinds taken" in client.post(url, data=wrong).text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("salesperson", "/provisions/new", 403),
        ("salesperson", "/bad-debts/of/{customer}", 403),
        ("salesperson", "/bad-debts/", 200),
        ("collector", "/bad-debts/of/{customer}", 200),
        ("collector", "/provisions/new", 403),
        ("warehouse", "/losses/written-off", 403),
        ("salesperson", "/losses/expected-cash", 200),
    ],
)
def test_who_may_see_and_propose(desk: LossDesk, role: str, path: str, status: int) -> None:
    customer = desk.books.customer()
    desk.owe(customer, "INV-1", 1_000_00, 400)
    assert desk.company.client(role).get(desk.company.url(path.format(customer=customer))).status_code == status


def test_who_may_change(desk: LossDesk) -> None:
    customer = desk.books.customer()
    debt = desk.owe(customer, "INV-1", 1_000_00, 400)
    case = desk.write_off(customer, debt)
    url = desk.company.url
    clients: dict[str, FlaskClient] = {role: desk.company.client(role) for role in ("salesperson", "collector")}
    for role, client in clients.items():
        for path in ("/provisions/", f"/bad-debts/{case}/reversal", f"/losses/{case}/receipts", "/provisions/policy"):
            assert client.post(url(path), data={}).status_code == 403, (role, path)
    assert desk.company.client("accountant").post(url("/provisions/policy"), data={}).status_code == 403
    assert clients["salesperson"].post(url(f"/bad-debts/of/{customer}"), data={}).status_code == 403
    page = clients["salesperson"].get(url(f"/bad-debts/{case}")).text
    assert "Take the write-off back" not in page
    assert "Money has come in" not in page


def test_another_companys_cases_do_not_exist(desk: LossDesk, other_company: TestCompany) -> None:
    customer = desk.books.customer()
    case = desk.write_off(customer, desk.owe(customer, "INV-1", 1_000_00, 400))
    sha256 = desk.case(case).files[0].sha256
    client = other_company.client("finance_director")
    for path in (f"/bad-debts/{case}", f"/bad-debts/{case}/evidence?file={sha256}", f"/bad-debts/of/{customer}"):
        assert client.get(other_company.url(path)).status_code == 404
    mine = desk.company.client()
    assert mine.get(desk.company.url(f"/bad-debts/{case}/evidence?file={'0' * 64}")).status_code == 404
    assert mine.get(desk.company.url(f"/bad-debts/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_say_what_to_do_when_there_is_nothing(desk: LossDesk, language: str) -> None:
    client = desk.company.client("finance_director", language)
    for path in ("/provisions/", "/provisions/policy", "/provisions/new", "/bad-debts/", "/losses/written-off"):
        assert client.get(desk.company.url(path)).status_code == 200, path
    assert client.get(desk.company.url("/bad-debts/?state=written_off")).status_code == 200
    assert client.get(desk.company.url("/losses/expected-cash?as_of=2026-01-31")).status_code == 200
    customer = desk.books.customer()
    assert client.get(desk.company.url(f"/bad-debts/of/{customer}")).status_code == 200


def test_migration_rates_are_shown_month_by_month(desk: LossDesk) -> None:
    desk.owe(desk.books.customer(), "INV-1", 1_000_00, 70)
    desk.policy(method="migration", through=["0", "30", "60", ""], rate=["0"] * 4, months="3", lgd="80")
    page = text_of(desk.company.client().get(desk.company.url(f"/provisions/new?as_of={TODAY}")).text)
    assert "Migration, month by month" in page
    assert "n/a" in page
    assert "80 %" in page
