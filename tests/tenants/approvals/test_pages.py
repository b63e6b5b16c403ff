"""The pages of approvals over HTTP: inbox, one approval, substitutes, chains; in both languages, for each audience."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from kernel.actor import Actor
from kernel.db import transaction
from kernel.storage import store
from tenants.approvals import kinds
from tenants.approvals.engine import Evidence
from tenants.people.commands import remove_person
from tenants.sign_in.commands import set_language
from tests.support.approvals import PROBE, approve_all, ask_probe, decide_as, open_step, person
from tests.support.browser import sign_in
from tests.support.companies import TestCompany
from tests.support.world import world_of


@pytest.fixture(autouse=True)
def _probe() -> Iterator[None]:
    with kinds.installed_for_test(PROBE):
        yield


def _client(company: TestCompany, actor: Actor, language: str = "en") -> FlaskClient:
    assert actor.user_id is not None
    with transaction(None) as db:
        set_language(db, actor.user_id, language)
    client = company.app.test_client()
    sign_in(client, actor.user_id)
    return client


def _text(markup: str) -> str:
    main = markup.split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def _show(company: TestCompany, approval: UUID, tail: str = "") -> str:
    return company.url(f"/approvals/{approval}{tail}")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Waiting for me", "Current approver"]), ("zh_CN", [])],
)
def test_the_inbox_says_what_why_how_much_for_whom_and_since_when(
    company: TestCompany, language: str, words: list[str]
) -> None:
    customer = world_of(company).customer("00007", "深圳鑫晟电子")
    asker = person(company, "accountant", name="林晓")
    director = person(company, "finance_director", name="陈总监")
    person(company, "general_manager")
    ask_probe(company, asker, 1_234_50, customer_id=customer, reason="重复付款")
    page = _client(company, director, language).get(company.url("/approvals/"))
    text = _text(page.text)
    for word in ["APR-", "深圳鑫晟电子", "00007", "1,234.50", "重复付款", "林晓", "0", "陈总监", *words]:
        assert word in text, word
    assert page.status_code == 200
    nav = page.text.split("<main", 1)[0]
    assert re.search(r'/approvals/"[^>]*>.*?1', nav, re.DOTALL)


def test_each_tab_shows_its_own_and_filters_stand_in_the_address(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    first, second = (ask_probe(company, asker, reason=why) for why in ("甲批", "乙批"))
    approve_all(company, first)
    seen = {}
    for who, tab in [(asker, "mine"), (asker, "asked"), (asker, "open"), (asker, "decided"), (director, "mine")]:
        text = _client(company, who).get(company.url(f"/approvals/?tab={tab}")).text
        seen[(who.name, tab)] = ("甲批" in text, "乙批" in text)
    assert list(seen.values()) == [(False, False), (True, True), (False, True), (True, False), (False, True)]
    client = _client(company, director)
    assert "乙批" in client.get(company.url("/approvals/?tab=open&q=乙")).text
    assert "No approval matches" in client.get(company.url("/approvals/?tab=open&q=丙")).text
    assert "No approval matches" in client.get(company.url("/approvals/?tab=open&kind=other")).text
    assert client.get(company.url("/approvals/?tab=nonsense&page=99&customer=x")).status_code == 200
    assert str(second) in client.get(company.url("/approvals/?tab=open")).text


def test_deciding_from_the_page_needs_the_role_and_is_said_where_one_stands(company: TestCompany) -> None:
    asker, director = person(company, "accountant"), person(company, "finance_director")
    manager = person(company, "general_manager", name="王总")
    approval = ask_probe(company, asker, 1_000_00, facts={"document": "INV-9"})
    page = _client(company, director).get(_show(company, approval)).text
    assert 'value="approve"' in page
    assert "INV-9" in page
    own = _client(company, asker)
    assert 'value="approve"' not in own.get(_show(company, approval)).text
    refused = own.post(_show(company, approval, "/decision"), data={"outcome": "approve", "step": "0"})
    assert (refused.status_code, "You requested this" in refused.text) == (403, True)
    client = _client(company, director)
    answer = client.post(_show(company, approval, "/decision"), data={"outcome": "approve", "step": "0"})
    assert answer.status_code == 303
    assert open_step(company, approval) == ("pending", "general_manager", 1)
    text = _text(client.get(_show(company, approval)).text)
    assert "王总" in text
    late = _client(company, person(company, "finance_director"))
    said = late.post(_show(company, approval, "/decision"), data={"outcome": "approve", "step": "0"})
    assert (said.status_code, "has already decided" in said.text) == (422, True)
    final = _client(company, manager).post(
        _show(company, approval, "/decision"), data={"outcome": "approve", "step": "1", "reason": "同意"}
    )
    assert final.status_code == 303
    assert "同意" in client.get(_show(company, approval)).text
    assert open_step(company, approval)[0] == "approved"


def test_rejecting_without_a_reason_keeps_the_page_and_says_so(company: TestCompany) -> None:
    approval = ask_probe(company, person(company, "accountant")) if person(company, "finance_director") else None
    assert approval
    client = _client(company, person(company, "finance_director"))
    answer = client.post(_show(company, approval, "/decision"), data={"outcome": "reject", "step": "0"})
    assert (answer.status_code, "Give a reason." in answer.text) == (422, True)
    for bad in ({"outcome": "maybe", "step": "0"}, {"outcome": "approve"}, {"outcome": "approve", "step": "x"}):
        assert client.post(_show(company, approval, "/decision"), data=bad).status_code == 422
    assert open_step(company, approval)[0] == "pending"
    answer = client.post(_show(company, approval, "/decision"), data={"outcome": "reject", "step": "0", "reason": "不"})
    assert (answer.status_code, open_step(company, approval)[0]) == (303, "rejected")


def test_an_effect_that_refuses_is_shown_to_the_decider_and_changes_nothing(company: TestCompany) -> None:
    person(company, "finance_director")
    approval = ask_probe(company, person(company, "accountant"), facts={"refuse": True})
    client = _client(company, person(company, "finance_director"))
    form = {"outcome": "approve", "step": "0", "reason": "看过了"}
    answer = client.post(_show(company, approval, "/decision"), data=form)
    assert answer.status_code == 422
    assert "This person was removed" in answer.text
    assert "看过了" in answer.text
    assert open_step(company, approval) == ("pending", "finance_director", 0)


def test_withdrawing_from_the_page(company: TestCompany) -> None:
    asker = person(company, "sales_manager")
    person(company, "finance_director")
    approval = ask_probe(company, asker)
    client, other = _client(company, asker), _client(company, person(company, "salesperson"))
    assert client.post(_show(company, approval, "/withdrawal"), data={"why": ""}).status_code == 422
    assert other.post(_show(company, approval, "/withdrawal"), data={"why": "x"}).status_code == 404
    assert "withdrawal" not in other.get(_show(company, approval)).text
    assert client.post(_show(company, approval, "/withdrawal"), data={"why": "客户不要了"}).status_code == 303
    assert "客户不要了" in client.get(_show(company, approval)).text


def test_withdrawing_what_is_decided_by_now_says_so_and_keeps_the_reason(company: TestCompany) -> None:
    asker = person(company, "accountant")
    person(company, "finance_director")
    approval = ask_probe(company, asker)
    approve_all(company, approval)
    late = _client(company, asker).post(_show(company, approval, "/withdrawal"), data={"why": "客户不要了"})
    assert late.status_code == 422
    assert "is already closed; nothing was changed." in late.text
    assert "You wrote: 客户不要了" in late.text


def test_evidence_is_downloaded_through_its_approval_only(company: TestCompany) -> None:
    asker = person(company, "accountant")
    with company.transaction() as db:
        mine = store(db, asker, b"%PDF- signed", "application/pdf")
        other = store(db, asker, b"secret", "text/plain")
    person(company, "finance_director")
    approval = ask_probe(company, asker, evidence=(Evidence(mine, "退款函.pdf"),))
    client = _client(company, asker)
    assert "退款函.pdf" in client.get(_show(company, approval)).text
    answer = client.get(_show(company, approval, f"/evidence?file={mine}"))
    assert (answer.status_code, answer.data) == (200, b"%PDF- signed")
    assert client.get(_show(company, approval, f"/evidence?file={other}")).status_code == 404
    assert company.client("driver").get(_show(company, approval, f"/evidence?file={mine}")).status_code == 403


def test_administrators_see_what_nobody_can_decide(company: TestCompany) -> None:
    admin, director = person(company, "admin"), person(company, "finance_director")
    approval = ask_probe(company, person(company, "accountant"))
    with company.transaction() as db:
        for user_id in (director.user_id, company.owner_id):
            assert user_id is not None
            remove_person(db, admin, user_id)
    page = _client(company, admin).get(company.url("/approvals/")).text
    assert "Nobody can decide on 1 approval" in page
    assert str(approval) in _client(company, admin).get(company.url("/approvals/?tab=stuck")).text
    assert "Nobody can decide" not in _client(company, person(company, "legal")).get(company.url("/approvals/")).text
    assert "Nobody can decide" in _client(company, admin).get(_show(company, approval)).text


def test_naming_and_revoking_a_substitute(company: TestCompany) -> None:
    director, deputy = person(company, "finance_director"), person(company, "legal", name="周代")
    client, day, key = _client(company, director), director.today.isoformat(), "k" * 32
    form = {"substitute_id": str(deputy.user_id), "from_on": day, "to_on": day, "key": key}
    page = company.url("/approvals/substitutes/")
    assert client.get(page).status_code == 200
    for _ in range(2):
        assert client.post(page, data=form).status_code == 303
    text = client.get(page).text
    assert text.count("/revocation") == 1
    assert "Acting now" in text
    bad = client.post(page, data=form | {"to_on": "2020-01-01", "key": "j" * 32})
    assert bad.status_code == 422
    assert f'value="{day}"' in bad.text
    assert client.post(page, data=form | {"substitute_id": str(director.user_id), "key": "i" * 32}).status_code == 422
    for_another = form | {"user_id": str(company.owner_id), "key": "h" * 32}
    assert client.post(page, data=for_another).status_code == 403
    assert _client(company, person(company, "admin")).post(page, data=for_another).status_code == 303
    found = re.findall(r'action="([^"]+/revocation)"', text)
    assert _client(company, deputy).post(found[0]).status_code == 403
    assert client.post(found[0]).status_code == 303
    assert "Revoked" in client.get(page).text


def test_setting_a_chain_from_the_page(company: TestCompany) -> None:
    client = _client(company, person(company, "admin"))
    page = company.url("/approvals/chains/probe")
    text = client.get(page).text
    assert re.search(r'name="from_2"[^>]*value="1,000.00"', text)
    form = {"version": "0", "role_1": "finance", "from_1": "", "role_2": "general_manager", "from_2": "五千"}
    bad = client.post(page, data=form)
    assert bad.status_code == 422
    assert 'value="五千"' in bad.text
    assert client.post(page, data=form | {"from_1": "1", "from_2": "5000"}).status_code == 422
    assert client.post(page, data=form | {"role_1": "driver", "from_2": "5000"}).status_code == 422
    good = form | {"from_2": "5,000.00"}
    assert client.post(page, data=good).status_code == 303
    assert client.post(page, data=good).status_code == 303
    assert client.post(page, data=good | {"from_2": "6000"}).status_code == 422
    text = client.get(page).text
    assert re.search(r'name="from_2"[^>]*value="5,000.00"', text)
    assert _text(text).count("Version") >= 1
    assert "nobody has this role" in client.get(company.url("/approvals/chains/")).text
    assert client.get(company.url("/approvals/chains/unknown")).status_code == 404
    assert _client(company, person(company, "accountant")).get(page).status_code == 403
    assert _client(company, person(company, "accountant")).post(page, data=good).status_code == 403


def test_another_companys_approval_is_404_and_the_page_of_a_kind_gone_still_opens(
    company: TestCompany, other_company: TestCompany
) -> None:
    person(company, "finance_director")
    approval = ask_probe(company, person(company, "accountant"))
    stranger = other_company.client("finance_director")
    assert stranger.get(other_company.url(f"/approvals/{approval}")).status_code == 404
    form = {"outcome": "approve", "step": "0"}
    assert stranger.post(other_company.url(f"/approvals/{approval}/decision"), data=form).status_code == 404
    assert stranger.post(other_company.url(f"/approvals/{approval}/withdrawal"), data={"why": "x"}).status_code == 404
    decide_as(company, person(company, "finance_director"), approval)
    with kinds.installed_for_test():
        kinds._installed.kinds.pop("probe")
        assert company.client("accountant").get(_show(company, approval)).status_code == 200
        kinds._installed.kinds["probe"] = PROBE
