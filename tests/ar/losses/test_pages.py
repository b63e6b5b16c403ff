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
from tests.support.approvals import approve_all, everybody
from tests.support.companies import TestCompany
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key
from tests.support.world.losses import JUDGMENT, MATRIX


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A company on whose pages it is TODAY."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai")):
        yield world


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def hidden_fields(page: str) -> dict[str, str]:
    """Returns the hidden fields of the last form that posts; `next` is another form's, of the frame."""
    return dict(re.findall(r'<input type="hidden" name="(?!next")(\w+)" value="([^"]*)"', page))


def evidence_upload() -> dict[str, Any]:
    return {"files": (io.BytesIO(JUDGMENT.content), "判决书.pdf")}


def proposal_form(customer: UUID, item: UUID, **values: Any) -> dict[str, Any]:
    fields = {
        "selected": str(item),
        "cause": "bankrupt",
        "options": ["legal_help"],
        "reason": "法院裁定",
        "key": fresh_key(),
    }
    return fields | values | evidence_upload()


def test_from_the_policy_to_a_posted_run(world: World) -> None:
    world.late_invoice(world.customer(), number="INV-1", minor=15_000_00, days_late=10)
    url, director, clerk = world.url, world.client("finance_director"), world.client()
    assert "There is no provision policy yet" in clerk.get(url("/provisions/")).text
    assert clerk.get(url(f"/provisions/new?as_of={TODAY}")).status_code == 422
    form = MATRIX | {"method": "matrix", "months": "12", "lgd": "100", "fallback": "100", "factor": "1"}
    assert director.post(url("/provisions/policy"), data=form).status_code == 303
    page = clerk.get(url(f"/provisions/new?as_of={TODAY}"))
    for expected in ("15,000.00", "1.6 %", "240.00", "Movement of the allowance", "1 to 30 days late"):
        assert expected in text_of(page.text), expected
    sent = hidden_fields(page.text)
    first, again = (clerk.post(url("/provisions/"), data=sent) for _n in range(2))
    assert (first.status_code, again.status_code, first.location) == (303, 303, again.location)
    assert world.balance_of("allowance") == -240_00
    run = clerk.get(first.location).text
    assert "PV-2026-000001" in run
    entry = re.search(r'/c/[^"]+/accounts/entries/[0-9a-f-]+', run)
    assert entry is not None
    assert "PV-2026-000001" in clerk.get(entry[0]).text, "the entry leads back to its run"
    assert clerk.post(f"{first.location}/reversal", data={"reason": ""}).status_code == 422
    assert clerk.post(f"{first.location}/reversal", data={"reason": "算错了"}).status_code == 303
    assert world.balance_of("allowance") == 0


def test_when_the_books_moved_the_new_figures_are_shown(world: World) -> None:
    customer = world.customer()
    world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=10)
    world.provision_policy()
    client = world.client()
    sent = hidden_fields(client.get(world.url(f"/provisions/new?as_of={TODAY}")).text)
    world.late_invoice(customer, number="INV-2", minor=1_000_00, days_late=10)
    answer = client.post(world.url("/provisions/"), data=sent)
    assert answer.status_code == 409
    assert "The books have changed" in answer.text
    assert "32.00" in text_of(answer.text)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": ["0.3", "1.6", "3.6", "6.6", "x"]}, "Enter a number such as"),
        ({"through": ["0", "30", "60", "90", "99"]}, "The last bucket has no end"),
        ({"factor": "1.3"}, "requires a written reason"),
        ({"lgd": "120"}, "between 0 and 100 per cent"),
        ({"months": "many"}, "Enter a whole number"),
    ],
)
def test_a_bad_policy_comes_back_as_typed(world: World, values: dict[str, Any], sentence: str) -> None:
    client = world.client("finance_director")
    form = MATRIX | {"method": "matrix", "months": "12", "lgd": "100", "fallback": "100", "factor": "1"} | values
    answer = client.post(world.url("/provisions/policy"), data=form)
    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert 'value="6.6"' in answer.text
    assert "There is no provision policy yet" in client.get(world.url("/provisions/")).text


def test_a_document_is_judged_by_itself_on_the_page_of_the_policy(world: World) -> None:
    world.late_invoice(world.customer(), number="INV-1", minor=1_000_00, days_late=10)
    client, url = world.client(), world.url("/provisions/assessments")
    assert client.post(url, data={"document_no": "INV-9", "loss": "50", "reason": "清算"}).status_code == 422
    assert client.post(url, data={"document_no": "INV-1", "loss": "150", "reason": "清算"}).status_code == 422
    assert client.post(url, data={"document_no": "INV-1", "loss": "50", "reason": "清算"}).status_code == 303
    assert "50 %" in text_of(client.get(world.url("/provisions/policy")).text)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_from_the_proposal_to_the_recovery(world: World, language: str) -> None:
    customer = world.customer()
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    everybody(world)
    client, url = world.client("accountant", language), world.url
    new = url(f"/bad-debts/of/{customer}")
    assert "INV-1" in client.get(new).text
    form = proposal_form(customer, debt)
    first = client.post(new, data=form)
    again = client.post(new, data=form | evidence_upload())
    assert (first.status_code, again.status_code, first.location) == (303, 303, again.location)
    case = UUID(first.location.rpartition("/")[2])
    page = client.get(first.location).text
    assert "BD-2026-000001" in page
    found = re.search(r'href="([^"]+/evidence\?file=[0-9a-f]{64})"', page)
    assert found is not None
    proof = client.get(found[1])
    assert (proof.data, proof.mimetype) == (JUDGMENT.content, "application/pdf")
    assert proof.headers["Content-Disposition"].startswith("attachment")
    approval = client.get(url(f"/approvals/{world.bad_debt_approval(case)}"))
    assert "INV-1" in approval.text
    assert "判决书.pdf" in approval.text
    approve_all(world, world.bad_debt_approval(case), TODAY)
    page = client.get(first.location).text
    money = {
        "amount": "250.00",
        "currency": "CNY",
        "received_on": TODAY.isoformat(),
        "account": "bank",
        "key": fresh_key(),
    }
    for _twice in range(2):
        assert client.post(url(f"/losses/{case}/receipts"), data=money).status_code == 303
    assert world.balance_of("written_off") == 750_00
    page = client.get(first.location).text
    assert "750.00" in text_of(page).replace(" .", ".")
    receipt = world.bad_debt_page(case).recoveries[0].credit_item_id
    assert client.get(url(f"/receipts/{receipt}")).status_code == 200
    assert (
        client.get(url(f"/receivables/{world.bad_debt_page(case).recoveries[0].recovery_item_id}")).status_code == 200
    )
    tracking = text_of(client.get(url("/losses/written-off")).text)
    for amount in ("1,000.00", "250.00", "750.00"):
        assert amount in tracking
    event = {"kind": "promise", "text": "年底前付", "promised_on": "2026-12-31", "key": fresh_key()}
    assert client.post(url(f"/losses/{case}/events"), data=event).status_code == 303
    recovery = world.bad_debt_page(case).recoveries[0].id
    assert client.post(url(f"/losses/recoveries/{recovery}/reversal"), data={"reason": "记错"}).status_code == 303
    assert client.post(url(f"/bad-debts/{case}/reversal"), data={"reason": "误核销"}).status_code == 303
    assert world.open_minor_of(debt) == 1_000_00


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reason": ""}, "This field is required"),
        ({"selected": ""}, "Tick the documents"),
        ({"cause": "tired"}, "Choose one of the options"),
        ({"amount": "9999"}, "More than is open"),
        ({"amount": "abc"}, "abc"),
    ],
)
def test_a_bad_proposal_comes_back_as_typed(world: World, values: dict[str, Any], sentence: str) -> None:
    customer = world.customer()
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    everybody(world)
    form = proposal_form(customer, debt, **values)
    form[f"amount_{debt}"] = form.pop("amount", "12.34")
    answer = world.client().post(world.url(f"/bad-debts/of/{customer}"), data=form)
    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert f'value="{form[f"amount_{debt}"]}"' in answer.text
    if values != {"selected": ""}:
        assert re.search(rf'value="{debt}"[^>]* checked', answer.text)
    assert "BD-2026" not in world.client().get(world.url("/bad-debts/")).text


def test_a_bad_file_and_a_missing_one_are_said_at_their_field(world: World) -> None:
    customer = world.customer()
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    everybody(world)
    client, url = world.client(), world.url(f"/bad-debts/of/{customer}")
    fields = {name: value for name, value in proposal_form(customer, debt).items() if name != "files"}
    assert "Add at least one file" in client.post(url, data=fields).text
    wrong = fields | {"files": (io.BytesIO(b"<html>"), "x.html")}
    assert "x.html is not of an accepted type" in client.post(url, data=wrong).text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("salesperson", "/provisions/", 403),
        ("auditor", "/provisions/new", 403),
        ("auditor", "/bad-debts/of/{customer}", 403),
        ("salesperson", "/bad-debts/", 403),
        ("auditor", "/bad-debts/", 200),
        ("collector", "/bad-debts/of/{customer}", 200),
        ("collector", "/provisions/new", 403),
        ("warehouse", "/losses/written-off", 403),
        ("auditor", "/losses/expected-cash", 200),
    ],
)
def test_who_may_see_and_propose(world: World, role: str, path: str, status: int) -> None:
    customer = world.customer()
    world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    assert world.client(role).get(world.url(path.format(customer=customer))).status_code == status


def test_who_may_change(world: World) -> None:
    customer = world.customer()
    debt = world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400)
    case = world.bad_debt(customer, debt)
    url = world.url
    clients: dict[str, FlaskClient] = {role: world.client(role) for role in ("auditor", "collector")}
    for role, client in clients.items():
        for path in ("/provisions/", f"/bad-debts/{case}/reversal", f"/losses/{case}/receipts", "/provisions/policy"):
            assert client.post(url(path), data={}).status_code == 403, (role, path)
    assert world.client("accountant").post(url("/provisions/policy"), data={}).status_code == 403
    assert clients["auditor"].post(url(f"/bad-debts/of/{customer}"), data={}).status_code == 403
    page = clients["auditor"].get(url(f"/bad-debts/{case}")).text
    assert "Reverse write-off" not in page
    assert "Money has come in" not in page


def test_another_companys_cases_do_not_exist(world: World, other_company: TestCompany) -> None:
    customer = world.customer()
    case = world.bad_debt(customer, world.late_invoice(customer, number="INV-1", minor=1_000_00, days_late=400))
    sha256 = world.bad_debt_page(case).files[0].sha256
    client = other_company.client("finance_director")
    for path in (f"/bad-debts/{case}", f"/bad-debts/{case}/evidence?file={sha256}", f"/bad-debts/of/{customer}"):
        assert client.get(other_company.url(path)).status_code == 404
    mine = world.client()
    assert mine.get(world.url(f"/bad-debts/{case}/evidence?file={'0' * 64}")).status_code == 404
    assert mine.get(world.url(f"/bad-debts/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_pages_say_what_to_do_when_there_is_nothing(world: World, language: str) -> None:
    client = world.client("finance_director", language)
    for path in ("/provisions/", "/provisions/policy", "/provisions/new", "/bad-debts/", "/losses/written-off"):
        assert client.get(world.url(path)).status_code == 200, path
    assert client.get(world.url("/bad-debts/?state=written_off")).status_code == 200
    assert client.get(world.url("/losses/expected-cash?as_of=2026-01-31")).status_code == 200
    customer = world.customer()
    assert client.get(world.url(f"/bad-debts/of/{customer}")).status_code == 200


def test_migration_rates_are_shown_month_by_month(world: World) -> None:
    world.late_invoice(world.customer(), number="INV-1", minor=1_000_00, days_late=70)
    world.provision_policy(method="migration", through=["0", "30", "60", ""], rate=["0"] * 4, months="3", lgd="80")
    page = text_of(world.client().get(world.url(f"/provisions/new?as_of={TODAY}")).text)
    assert "Migration, month by month" in page
    assert "n/a" in page
    assert "80 %" in page
