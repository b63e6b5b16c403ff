"""Two people edit one record: the second is refused, sees what the first saved, loses nothing, and decides."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from html import unescape
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.customers.models import Contact, Customer
from kernel.errors import Conflict
from kernel.inputs import EditInput
from kernel.versions import changed_since, check_version, version_of
from tenants.models import Membership
from tests.support.browser import FormClient
from tests.support.world import World


@dataclass
class Edit:
    """A form that edits: where it is shown and sent, what two people change in it, what the second one reads."""

    page: str
    action: str
    first: dict[str, str | list[str]]
    second: dict[str, str | list[str]]
    reads: str
    role: str = "admin"


TERMS = {"kind": "contract", "from_on": "2026-11-01", "annual_percent": "12", "basis": "365", "grace_days": "0"}
EDITS = {
    "customer": Edit(
        "/customers/{customer}/edit",
        "/customers/{customer}",
        {"name": "鑫晟电子", "term_days": "45", "language": "zh_CN"},
        {"name": "鑫晟科技", "term_days": "30", "language": "zh_CN"},
        "Saved meanwhile: 鑫晟电子",
        role="accountant",
    ),
    "contact": Edit(
        "/customers/{customer}/contacts/new?contact={contact}",
        "/customers/{customer}/contacts",
        {"name": "李娜", "email": "lina@xinsheng.example", "phone": "0769-1", "purposes": "dunning"},
        {"name": "李娜", "email": "lina@xinsheng.example", "phone": "0769-2", "purposes": "signing"},
        "Saved meanwhile: 0769-1",
        role="accountant",
    ),
    "bank account": Edit(
        "/bank/accounts/{account}",
        "/bank/accounts/{account}",
        {"name": "工行结算户", "account_code": "bank", "active": "1"},
        {"name": "工行一般户", "account_code": "bank", "active": "1"},
        "Saved meanwhile: 工行结算户",
        role="accountant",
    ),
    "settings": Edit(
        "/settings/",
        "/settings/",
        {"legal_name": "伟业电子", "policy_code": "five-step", "calendar": "MON-FRI"},
        {"legal_name": "伟业科技", "policy_code": "five-step", "calendar": "CN"},
        "Saved meanwhile: 伟业电子",
    ),
    "roles": Edit(
        "/people/{person}",
        "/people/{person}/roles",
        {"roles": "accountant"},
        {"roles": "salesperson"},
        "Saved meanwhile: Receivables accountant",
    ),
    "ledger settings": Edit(
        "/receivables/settings",
        "/receivables/settings",
        {"write_off_at_once": "20"},
        {"write_off_at_once": "30"},
        "Saved meanwhile: 20",
    ),
    "provision policy": Edit(
        "/provisions/policy",
        "/provisions/policy",
        {"method": "matrix", "through": ["0", ""], "rate": ["1", "5"]},
        {"method": "matrix", "through": ["0", ""], "rate": ["1", "7"]},
        "Saved meanwhile: 1, 5",
        role="finance_director",
    ),
    "interest terms": Edit(
        "/interest/terms",
        "/interest/terms",
        TERMS,
        TERMS | {"annual_percent": "14"},
        "Somebody saved this while you were editing",
        role="accountant",
    ),
    "approval chain": Edit(
        "/approvals/chains/write_off",
        "/approvals/chains/write_off",
        {"role_1": "finance_director", "from_1": "0", "role_2": "general_manager", "from_2": "5"},
        {"role_1": "finance_director", "from_1": "0", "role_2": "general_manager", "from_2": "7"},
        "Saved meanwhile: General manager from CN¥5.00",
    ),
}


@pytest.fixture
def places(world: World) -> dict[str, UUID]:
    """Ids of what is edited."""
    customer = world.customer(name="鑫晟", contact_name="李娜", contact_email="lina@xinsheng.example")
    line = world.find_bank_line(world.bank_line(on=date(2026, 11, 2), amount="40.00", payer="鑫晟", match=False))
    with world.reading() as db:
        contact = db.execute(sa.select(Contact.id).where(Contact.tenant_id == world.tenant_id)).scalar_one()
    world.client("legal")
    with world.reading() as db:
        m = Membership
        of_legal = sa.select(m.user_id).where(m.tenant_id == world.tenant_id, m.roles == ["legal"])
        person = db.execute(of_legal).scalar_one()
    return {"customer": customer, "contact": contact, "account": line.bank_account_id, "person": person}


def _version(client: FormClient, page: str, action: str) -> str:
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', client.get(page).text, flags=re.DOTALL)
    assert form, page
    found = re.search(r'name="version" value="([^"]+)"', form[0])
    assert found, f"{page}: the form carries no version"
    return found[1]


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_the_second_person_sees_the_difference_and_decides(world: World, places: dict[str, UUID], edit: Edit) -> None:
    ann, bo = world.client(edit.role), world.client(edit.role)
    page, action = (world.url(path.format(**places)) for path in (edit.page, edit.action))
    seen_by_ann, seen_by_bo = (_version(client, page, action) for client in (ann, bo))
    assert ann.post(action, data=edit.first | {"version": seen_by_ann}).status_code == 303
    refused = bo.post(action, data=edit.second | {"version": seen_by_bo})
    text = unescape(refused.text)
    assert refused.status_code == 422
    assert edit.reads in text
    for typed in edit.second.values():
        typed = typed if isinstance(typed, str) else typed[-1]
        assert f'value="{typed}"' in text or f">{typed}<" in text, f"{typed} is lost"
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', refused.text, flags=re.DOTALL)
    assert form
    now = re.search(r'name="version" value="([^"]+)"', form[0])
    assert now
    assert bo.post(action, data=edit.second | {"version": now[1]}).status_code == 303


@pytest.mark.parametrize("edit", [e for name, e in EDITS.items() if name != "contact"], ids=lambda e: e.action)
@pytest.mark.parametrize("version", [None, "", "not one"])
def test_a_form_that_edits_without_its_version_saves_nothing(
    world: World, places: dict[str, UUID], edit: Edit, version: str | None
) -> None:
    client, action = world.client(edit.role).bare(), world.url(edit.action.format(**places))
    given = {} if version is None else {"version": version}
    key = {"key": "a-key-of-a-form-that-was-shown"}
    assert client.post(action, data=edit.first | given | key).status_code == 422


def test_an_import_between_is_seen_as_well(world: World, places: dict[str, UUID]) -> None:
    """Nothing counts versions: whatever changes the record makes the form old."""
    client, page = world.client(), world.url(f"/customers/{places['customer']}")
    version = _version(client, f"{page}/edit", page)
    with world.transaction() as db:
        c = Customer
        db.execute(sa.update(c).where(c.tenant_id == world.tenant_id, c.id == places["customer"]).values(tax_id="X1"))
    answer = client.post(page, data={"name": "鑫晟", "version": version})
    assert answer.status_code == 422
    assert "Saved meanwhile: X1" in answer.text
    assert "Saved meanwhile: 鑫晟" not in answer.text, "only what changed since the form was filled"


def test_of_two_who_save_at_once_one_is_asked(world: World, places: dict[str, UUID]) -> None:
    """Both are in the database at once, on connections of their own: the version is compared under the row's lock."""
    people, page = [world.client(), world.client()], world.url(f"/customers/{places['customer']}")
    version, start = _version(people[0], f"{page}/edit", page), Barrier(2)

    def save(number: int) -> int:
        start.wait()
        return people[number].post(page, data={"name": f"鑫晟{number}", "version": version}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(save, range(2))) == [303, 422]


def test_a_new_contact_of_a_known_address_does_not_overwrite_in_silence(world: World, places: dict[str, UUID]) -> None:
    client, path = world.client(), world.url(f"/customers/{places['customer']}/contacts")
    answer = client.post(path, data={"name": "王芳", "email": "lina@xinsheng.example", "version": "0"})
    assert answer.status_code == 422
    assert "Saved meanwhile: 李娜" in answer.text


def test_a_version_tells_which_values_changed() -> None:
    before = {"name": "A", "days": 30, "roles": ["x", "y"], "owner": None}
    version = version_of(before)
    assert version_of(dict(reversed(before.items()))) == version
    assert changed_since(version, before) == ()
    assert changed_since(version, before | {"days": 31, "owner": "1"}) == ("days", "owner")
    assert changed_since("nonsense", before) == tuple(sorted(before))
    check_version(EditInput(), before)
    check_version(EditInput(version=version), before)
    with pytest.raises(Conflict, match="changed_meanwhile") as refused:
        check_version(EditInput(version=version), before | {"name": "B"})
    assert refused.value.params["now"] == {"name": "B"}
    assert version_of({}) == "0"
