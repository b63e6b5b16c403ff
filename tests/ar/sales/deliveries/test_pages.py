"""The pages of deliveries: what each role sees, taps and is told; goods without amounts for warehouse and driver."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.sales.models import Delivery, SignOff
from kernel.clock import fixed_clock, moment_on
from tests.support.world import TODAY, World

pytestmark = pytest.mark.usefixtures("_on_today")
TEN = ("不锈钢阀门", "10", "1234.56")
STROKES = "[[[10, 10], [80, 60], [160, 20]]]"


@pytest.fixture(name="_on_today")
def on_today() -> Iterator[None]:
    """The pages live on TODAY, ten in Shanghai."""
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    customer = world.customer()
    world.complete_file(customer)
    world.limit(customer, 100_000_00)
    return customer


def driver_of(client: FlaskClient) -> UUID:
    """Returns the id of the person who is signed in there."""
    with client.session_transaction() as session:
        return UUID(session["_user_id"].split("|")[0])


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_page_opens_in_both_languages(world: World, customer: UUID, language: str) -> None:
    order = world.released_order(customer, TEN)
    planned, shipped = world.note(order, (1, "2")), world.shipped_note(order, (1, "4"))
    world.sign(shipped, (1, "3"))
    client, url = world.client("accountant", language), world.url
    for path in (
        "/deliveries/",
        f"/deliveries/{planned}",
        f"/deliveries/{shipped}",
        "/to-invoice/",
        "/unsigned/",
        "/unsigned/print",
        "/unsigned/list.csv",
    ):
        assert client.get(url(path)).status_code == 200, path
    follow_up = world.client("order_follow_up", language)
    for path in (f"/deliveries/of/{order}", f"/deliveries/{planned}/change", "/warehouse/"):
        assert follow_up.get(url(path)).status_code == 200, path
    paper = client.get(url(f"/deliveries/{shipped}/note.pdf"))
    assert paper.data.startswith(b"%PDF-")


def test_follow_up_plans_what_is_left_and_changes_it(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    client = world.client("order_follow_up")
    form = client.get(world.url(f"/deliveries/of/{order}")).text
    assert 'name="quantity-1"' in form
    typed = {"line-1": "1", "quantity-1": "11", "planned_on": "2026-11-20", "mode": "direct"}
    refused = client.post(world.url(f"/deliveries/of/{order}"), data=typed)
    assert refused.status_code == 422
    assert "11" in refused.text
    assert "10 were ordered" in refused.text
    planned = client.post(world.url(f"/deliveries/of/{order}"), data=typed | {"quantity-1": "7"})
    assert planned.status_code == 303
    assert world.count_rows(Delivery) == 1
    number = client.get(planned.location).text.split("<h1>")[1].split("</h1>")[0]
    assert number.startswith("DL-2026-")


def test_the_warehouse_sees_goods_and_reasons_without_amounts(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    note = world.note(order, (1, "4"), number="DL-A")
    client, url = world.client("warehouse"), world.url
    page = client.get(url("/warehouse/")).text
    assert "May go" in page
    assert "不锈钢阀门" in page
    world.late_invoice(customer, number="LATE-1", minor=77_00, days_late=40)
    page = client.get(url("/warehouse/?note=dl-a")).text
    assert "The customer has not paid what is due." in page
    assert "Ask finance." in page
    for path in ("/warehouse/", f"/deliveries/{note}", "/deliveries/"):
        text = client.get(url(path)).text
        assert "4,938" not in text, path
        assert "1,234" not in text, path
        assert "77.00" not in text, path


def test_a_tap_on_a_page_opened_before_is_asked_again(world: World, customer: UUID) -> None:
    order = world.released_order(customer, TEN)
    note = world.note(order, (1, "4"))
    client, url = world.client("warehouse"), world.url
    assert "May go" in client.get(url("/warehouse/")).text
    world.late_invoice(customer, number="LATE-1", minor=77_00, days_late=40)
    held = client.post(url(f"/warehouse/{note}/shipment"), data={"seen": "none"}, follow_redirects=True)
    assert "Since this page was opened: The customer has not paid what is due. Ask finance." in held.text
    assert world.delivery(note).state == "planned"
    again = client.post(url(f"/warehouse/{note}/shipment"), data={"seen": "term"}, follow_redirects=True)
    assert "It does not ship. The customer has not paid what is due." in again.text


def test_one_tap_ships_and_a_second_one_is_told(world: World, customer: UUID) -> None:
    note = world.note(world.released_order(customer, TEN), number="DL-B")
    client, url = world.client("warehouse"), world.url
    assert client.post(url(f"/warehouse/{note}/shipment"), data={"seen": "none"}).status_code == 303
    assert world.delivery(note).state == "shipped"
    twice = client.post(url(f"/warehouse/{note}/shipment"), data={"seen": "none"})
    assert twice.status_code == 422
    assert "does not wait here: On its way" in twice.text


def test_a_scan_that_finds_nothing_says_so(world: World) -> None:
    page = world.client("warehouse").get(world.url("/warehouse/?note=NOPE-1"))
    assert page.status_code == 200
    assert "There is no delivery note NOPE-1." in page.text
    assert 'value="NOPE-1"' in page.text


def test_the_driver_has_it_signed_on_the_glass(world: World, customer: UUID) -> None:
    client, url = world.client("driver"), world.url
    order = world.released_order(customer, TEN)
    mine = world.shipped_note(order, (1, "4"), driver_id=driver_of(client))
    other = world.shipped_note(order, (1, "6"))
    text = client.get(url("/driver/")).text
    assert str(mine) in text
    assert str(other) not in text
    assert client.get(url(f"/driver/{other}")).status_code == 404
    form = client.get(url(f"/driver/{mine}")).text
    assert "4,938" not in form
    values = {"signed_on": "2026-11-20", "quantity-1": "4", "short_reason-1": "", "signed_by": "x", "strokes": ""}
    empty = client.post(url(f"/driver/{mine}"), data=values)
    assert empty.status_code == 422
    assert "There is no signature yet" in empty.text
    assert world.count_rows(SignOff) == 0
    short = client.post(url(f"/driver/{mine}"), data=values | {"signed_by": "", "strokes": STROKES, "quantity-1": "3"})
    assert short.status_code == 422
    assert "say why less than 4 was signed for" in short.text
    assert STROKES.replace(" ", "") in short.text.replace(" ", "")
    signed = values | {"signed_by": "", "strokes": STROKES, "quantity-1": "3", "short_reason-1": "破损"}
    assert client.post(url(f"/driver/{mine}"), data=signed).status_code == 303
    assert world.delivery(mine).state == "shipped"
    assert world.exposed(customer)[1] == 3_703_68
    shown = world.client("accountant").get(url(f"/deliveries/{mine}")).text
    image = shown.split('<img class="signature"')[1].split('src="')[1].split('"')[0]
    drawn = world.client("accountant").get(image)
    assert drawn.mimetype == "image/svg+xml"


def test_a_driver_records_nothing_on_anothers_note(world: World, customer: UUID) -> None:
    client, url = world.client("driver"), world.url
    other = world.shipped_note(world.released_order(customer, TEN))
    world.sign(other)
    shown = client.get(url(f"/deliveries/{other}")).text
    assert "Take the goods back" not in shown
    back = {"returned_on": world.today.isoformat(), "reason": "damaged", "quantity-1": "1"}
    assert client.post(url(f"/deliveries/{other}/return"), data=back).status_code == 403
    assert world.delivery(other).state == "signed"
    assert client.post(url(f"/unsigned/{other}/reason"), data={"reason": "on holiday"}).status_code == 403
    assert world.client("warehouse").post(url(f"/deliveries/{other}/return"), data=back).status_code == 303


def test_the_driver_sends_a_photo_and_a_heic_one_is_explained(world: World, customer: UUID) -> None:
    client, url = world.client("driver"), world.url
    note = world.shipped_note(world.released_order(customer, TEN), driver_id=driver_of(client))
    values = {"signed_on": "2026-11-20", "quantity-1": "10", "signed_by": "", "strokes": ""}

    def send(name: str, content: bytes) -> tuple[int, str]:
        photo = {"file": (io.BytesIO(content), name)}
        answer = client.post(url(f"/driver/{note}"), data=values | photo, content_type="multipart/form-data")
        return answer.status_code, answer.text

    status, text = send("IMG_1.HEIC", b"\x00\x00\x00\x20ftypheic\x00\x00\x00\x00")
    assert status == 422
    assert "Most Compatible" in text
    status, _text = send("IMG_1.jpg", b"\xff\xd8\xff\xe0" + bytes(300_000))
    assert status == 303
    assert world.delivery(note).state == "signed"


def test_the_accountant_posts_what_is_to_invoice_with_one_click(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    world.sign(note)
    client, url = world.client("accountant"), world.url
    assert "12,345.60" in client.get(url("/to-invoice/")).text
    answer = client.post(url(f"/deliveries/{note}/invoice"), data={"from": "list"})
    assert answer.status_code == 303
    assert world.exposed(customer) == (12_345_60, 0, 0, 0)
    assert "Nothing to invoice" in client.get(url("/to-invoice/")).text


def test_return_counter_and_registered_invoice_from_the_page(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    client, url = world.client("accountant"), world.url
    noted = client.post(url(f"/deliveries/{note}/invoice-with-goods"), data={"number": "", "invoiced_on": "2026-11-20"})
    assert noted.status_code == 422
    assert "This field is required." in noted.text
    back = {"returned_on": "2026-11-20", "reason": "broken", "quantity-1": "11"}
    refused = client.post(url(f"/deliveries/{note}/return"), data=back)
    assert refused.status_code == 422
    assert "only 10 can come back" in refused.text
    assert client.post(url(f"/deliveries/{note}/return"), data=back | {"quantity-1": "1"}).status_code == 303
    signed = world.sign(note)
    path = url(f"/deliveries/{note}/signature/{signed}/counter-entry")
    assert client.post(path, data={"reason": ""}).status_code == 422
    assert client.post(path, data={"reason": "wrong customer"}).status_code == 303
    assert world.delivery(note).state == "shipped"


def test_follow_up_says_why_and_the_sales_manager_chooses_a_measure(world: World, customer: UUID) -> None:  # R102
    early = world.on(TODAY - timedelta(days=14))
    note = early.shipped_note(early.released_order(customer, TEN))
    url = world.url
    follow_up, manager = world.client("order_follow_up"), world.client("sales_manager")
    assert "Say why" in follow_up.get(url("/unsigned/")).text
    assert follow_up.post(url(f"/unsigned/{note}/reason"), data={"reason": ""}).status_code == 422
    assert follow_up.post(url(f"/unsigned/{note}/reason"), data={"reason": "客户盖章中"}).status_code == 303
    assert follow_up.post(url(f"/unsigned/{note}/measure"), data={}).status_code == 403
    assert "客户盖章中" in manager.get(url("/unsigned/?waits=measure")).text
    late = manager.post(url(f"/unsigned/{note}/measure"), data={"measure": "fetch", "due_on": "2026-11-01"})
    assert late.status_code == 422
    chosen = manager.post(url(f"/unsigned/{note}/measure"), data={"measure": "fetch", "due_on": "2026-11-25"})
    assert chosen.status_code == 303
    assert "The salesperson fetches the signature" in manager.get(url("/unsigned/")).text


def test_a_salesperson_sees_the_notes_of_own_customers_alone(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    client, url = world.client("salesperson"), world.url
    assert client.get(url(f"/deliveries/{note}")).status_code == 404
    number = world.delivery(note).number
    for path in ("/deliveries/", "/unsigned/", "/to-invoice/"):
        assert number not in client.get(url(path)).text, path
    world.give_to(client, customer)
    for path in ("/deliveries/", "/unsigned/"):
        assert number in client.get(url(path)).text, path
    with world.reading() as db:
        assert db.execute(sa.select(sa.func.count()).where(Delivery.tenant_id == world.tenant_id)).scalar_one() == 1
