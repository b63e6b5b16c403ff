"""The pages of the customer file, owners, groups and the blacklist, as people use them without a script."""

from __future__ import annotations

import io
import re
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ar.customers.file.contents import customer_file
from ar.customers.register.owner_queries import owned_customers
from ar.customers.register.standing import standing
from tests.support.world import TODAY, World

PHOTO = b"\xff\xd8\xff\xe0 photo of a licence"


def _text(answer: TestResponse, status: int = 200) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def _upload(world: World, client: FlaskClient, customer: UUID, name: str = "执照.jpg", **values: str) -> TestResponse:
    data = {"kind": "operator_id", "no_end": "1", "number": "京-12", "file": (io.BytesIO(PHOTO), name)} | values
    return client.post(world.url(f"/customers/{customer}/file/documents"), data=data)


def test_a_salesperson_brings_a_photo_and_finance_verifies_it(world: World) -> None:
    customer = world.customer("1", entity_type="person")
    clerk, other = world.client("finance"), world.client("finance_director")
    page = world.url(f"/customers/{customer}/file")
    assert "Identity document of the operator: missing" in _text(clerk.get(page))
    assert 'value="operator_id" selected' in _text(
        clerk.get(world.url(f"/customers/{customer}/file/new?kind=operator_id"))
    )
    assert _upload(world, clerk, customer).status_code == 303
    with world.reading() as db:
        (line,) = customer_file(db, world.tenant_id, customer, TODAY).documents
    document = world.url(f"/customers/{customer}/file/documents/{line.id}")
    assert "A colleague of finance verifies it" in _text(clerk.get(document))
    refused = _text(clerk.post(f"{document}/verification", data={"original_seen": "1"}), 422)
    assert "A colleague of finance verifies it" in refused
    unseen = _text(other.post(f"{document}/verification", data={"note": "红章已盖"}), 422)
    assert "Compare the copy with the original first" in unseen
    assert "红章已盖" in unseen
    assert other.post(f"{document}/verification", data={"original_seen": "1"}).status_code == 303
    assert other.post(f"{document}/archive", data={"place": "柜 3"}).status_code == 303
    assert "archived: 柜 3" in _text(other.get(page))
    copy = other.get(f"{document}/copy")
    assert (copy.data, copy.headers["Content-Type"]) == (PHOTO, "image/jpeg")


def test_an_upload_that_is_refused_says_why_and_keeps_what_was_typed(world: World) -> None:
    customer = world.customer("1", entity_type="person")
    client = world.client("finance")
    said = _text(_upload(world, client, customer, "执照.gif"), 422)
    assert "is no PDF, JPG or PNG" in said
    assert "京-12" in said
    said = _text(_upload(world, client, customer, no_end="", expires_on=""), 422)
    assert "Enter the last day, or say that it has none" in said


def test_a_doubtful_number_is_confirmed_on_the_page(world: World) -> None:
    customer = world.customer("1", entity_type="institution", tax_id="91350100M000100Y44")
    page = world.url(f"/customers/{customer}/file")
    assert "check character does not fit" in _text(world.client("order_follow_up").get(page))
    client = world.client("finance")
    assert "What does the register say?" in _text(client.get(page))
    assert client.post(f"{page}/number", data={"source": "gsxt", "note": "一致"}).status_code == 303
    assert "was held against the register by Test finance" in _text(client.get(page))
    assert world.client("salesperson").post(f"{page}/number", data={"note": "一致"}).status_code in (403, 404)


def test_the_list_of_gaps_shows_a_salesperson_their_own_customers_only(world: World) -> None:
    world.customer("1", "别人的客户")
    page = world.url("/customers/gaps/")
    assert "别人的客户" in _text(world.client("finance").get(page))
    assert "别人的客户" not in _text(world.client("salesperson").get(page))


def test_customers_without_an_owner_are_handed_over_in_one_go(world: World) -> None:
    for number in ("1", "2", "3"):
        world.customer(number, f"客户{number}")
    client, page = world.client("sales_manager"), world.url("/customers/hand-over")
    html = _text(client.get(page))
    assert "Nobody, or somebody who left" in html
    to_id = re.findall(r'<option value="([0-9a-f-]{36})"', html.split('name="to_id"')[1])[0]
    typed = {"to_id": to_id, "changed_on": "2026-11-20", "reason": "新客户分配"}
    said = _text(client.post(page, data=typed), 422)
    assert "Tick the customers to hand over" in said
    assert "新客户分配" in said
    assert client.post(page, data={**typed, "all_matching": "1"}).status_code == 303
    with world.reading() as db:
        assert owned_customers(db, world.tenant_id, owner=to_id)[1] == 3
    assert world.client("salesperson").get(page).status_code == 403


def test_a_group_and_the_questionnaire_are_entered_on_their_pages(world: World) -> None:
    world.customer("H", "集团")
    member = world.customer("M")
    client = world.client("finance")
    page = world.url(f"/customers/{member}/standing")
    said = _text(client.post(page, data={"head_no": "nobody", "group_kind": "payer"}), 422)
    assert "There is no customer with the number nobody." in said
    assert client.post(page, data={"head_no": "H", "group_kind": "payer", "size_class": "large"}).status_code == 303
    with world.reading() as db:
        own = standing(db, world.tenant_id, member)
    assert (own.head_name, own.size_class) == ("集团", "large")
    assert "The payer of its debts" in _text(client.get(world.url(f"/customers/{member}")))
    survey = world.url(f"/customers/{member}/questionnaire")
    assert client.post(survey, data={"debts": "银行贷款 200 万元"}).status_code == 303
    assert "银行贷款 200 万元" in _text(client.get(survey))


def test_what_files_hold_is_set_by_legal_form(world: World) -> None:
    client = world.client("finance_director")
    page = world.url("/file-settings/")
    html = _text(client.get(f"{page}?form=person"))
    version = re.search(r'name="version" value="([^"]+)"', html)
    assert version is not None
    kinds = re.findall(r'name="expires" value="(\w+)"', html)
    blank = [""] * len(kinds)
    form = {
        "version": version[1],
        "entity_type": "person",
        "asked": ["required" if kind == "licence" else "" for kind in kinds],
        "counts_from": blank,
        "opens": blank,
        "due": blank,
        "lapse_notice_days": "45",
        "check_tax_id": "1",
    }
    assert "three days of the year" in _text(client.post(page, data={**form, "opens": ["05-01", *blank[1:]]}), 422)
    assert client.post(page, data=form).status_code == 303
    customer = world.customer("1", entity_type="person")
    said = _text(client.get(world.url(f"/customers/{customer}/file")))
    assert "Business licence (annual inspection or report): missing" in said
    assert "Identity document of the operator: missing" not in said


def test_a_customer_is_proposed_for_the_blacklist_and_its_page_says_so(world: World) -> None:
    customer = world.customer("1")
    for role in ("finance_director", "general_manager"):
        world.client(role)
    client = world.client("collector")
    assert "Propose for the blacklist" in _text(client.get(world.url(f"/customers/{customer}")))
    page = world.url(f"/blacklist/of/{customer}")
    assert "This field is required" in _text(client.post(page, data={"reason": " "}), 422)
    assert client.post(page, data={"reason": "欠款两年"}).status_code == 303
    assert "Awaiting approval" in _text(client.get(world.url(f"/customers/{customer}")))
    assert "欠款两年" in _text(client.get(world.url("/blacklist/?state=proposed")))
