"""Two at once on one order or note, a form sent twice, an answer that was lost: one effect, and it is told."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.sales.deliveries.models import DeliveryReturn
from ar.sales.models import OrderDecision, SignOff
from kernel.errors import Conflict, HuikuanError, RuleBroken
from tenants.permissions import Role
from tests.support.doors import PASSWORD, browser, enter, hidden, somebody
from tests.support.world import World

TEN = ("阀门", "10", "100.00")
KEY = "0123456789abcdef0123456789abcdef"
STROKES = "[[[10,10],[200,90],[380,20]]]"
JPEG = b"\xff\xd8\xff\xe0" + b"photo " * 3_000


@pytest.fixture(name="customer")
def customer_with_limit(world: World) -> UUID:
    return world.buyer(10_000_00)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Runs each on a connection of its own, all from the same moment; returns their results or refusals."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        ready.wait(timeout=10)
        try:
            return work()
        except HuikuanError as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def twin(world: World, client: FlaskClient) -> FlaskClient:
    """Another browser tab of the same person."""
    cookie = client.get_cookie("huikuan")
    assert cookie is not None
    own = world.app.test_client()
    own.set_cookie("huikuan", cookie.value)
    return own


def quantities(world: World, note: UUID) -> tuple[int, int]:
    """What of a note was signed for and what came back, in minor units and pieces."""
    with world.reading() as db:
        signed = db.execute(
            sa.select(sa.func.coalesce(sa.func.sum(SignOff.amount_minor), 0)).where(
                SignOff.tenant_id == world.tenant_id, SignOff.delivery_id == note
            )
        ).scalar_one()
        back = db.execute(
            sa.select(sa.func.coalesce(sa.func.sum(DeliveryReturn.quantity), 0)).where(
                DeliveryReturn.tenant_id == world.tenant_id, DeliveryReturn.delivery_id == note
            )
        ).scalar_one()
        return int(signed), int(back)


def test_an_order_cut_while_it_ships_never_ships_more_than_it_says(world: World, customer: UUID) -> None:
    for _round in range(3):
        order = world.released_order(customer, TEN)
        note = world.note(order)
        cut, shipped = at_once(
            lambda order=order: world.change_order(order, ("阀门", "5", "100.00")),
            lambda note=note: world.ship(note),
        )
        if isinstance(cut, RuleBroken):
            assert cut.code in {"order_line_shipped", "order_line_noted"}
            assert (world.delivery(note).state, world.commits(order)) == ("shipped", (0, 1_000_00, 0))
        else:
            assert not shipped.passes
            assert (world.delivery(note).state, world.commits(order)) == ("planned", (500_00, 0, 0))


def test_a_signature_and_a_return_at_once_count_each_piece_once(world: World, customer: UUID) -> None:
    for _round in range(3):
        note = world.shipped_note(world.released_order(customer, TEN))
        at_once(lambda note=note: world.sign(note), lambda note=note: world.take_back(note, (1, "10")))
        signed, back = quantities(world, note)
        assert back == 10
        assert signed in {0, 1_000_00}
        assert world.delivery(note).state == ("signed" if signed else "returned")
    assert world.exposed(customer)[:3] == (0, 0, 0), "nothing is owed, nothing is out"


def test_two_sign_at_once_and_one_is_told(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    answers = at_once(lambda: world.sign(note), lambda: world.sign(note))
    (refused,) = [each for each in answers if isinstance(each, HuikuanError)]
    assert isinstance(refused, Conflict)
    assert quantities(world, note) == (1_000_00, 0)


def test_the_same_paper_counted_by_the_driver_and_in_the_office_is_signed_for_once(
    world: World, customer: UUID
) -> None:
    """Both opened the note when ten were out; four were signed for."""
    url = world.url
    driver, office = world.client("driver"), world.client("order_follow_up")
    with driver.session_transaction() as session:
        driver_id = UUID(session["_user_id"].split("|")[0])
    note = world.shipped_note(world.released_order(customer, TEN), driver_id=driver_id)
    mark = hidden(driver.get(url(f"/driver/{note}")).text, url(f"/driver/{note}"))["seen"]
    counted = {"signed_on": "2026-11-20", "quantity-1": "4", "short_reason-1": "破损", "signed_by": "王芳"}
    on_glass = {**counted, "strokes": STROKES, "seen": mark}
    path = url(f"/deliveries/{note}/signature")
    seen = hidden(office.get(url(f"/deliveries/{note}")).text, path)["seen"]
    assert driver.post(url(f"/driver/{note}"), data=on_glass).status_code == 303
    scan = {**counted, "channel": "scan", "seen": seen, "file": (io.BytesIO(JPEG), "n.jpg")}
    refused = office.post(path, data=scan, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "Since this page was opened somebody recorded a signature" in refused.text
    assert quantities(world, note) == (400_00, 0)
    back = {"returned_on": "2026-11-20", "reason": "破损", "quantity-1": "6", "seen": seen}
    stale = office.post(url(f"/deliveries/{note}/return"), data=back)
    assert stale.status_code == 422
    assert quantities(world, note) == (400_00, 0)
    fresh = hidden(stale.text, url(f"/deliveries/{note}/return"))["seen"]
    assert office.post(url(f"/deliveries/{note}/return"), data=back | {"seen": fresh}).status_code == 303
    assert quantities(world, note) == (400_00, 6)


def test_a_note_that_was_signed_for_meanwhile_says_so_and_keeps_the_name(world: World, customer: UUID) -> None:
    note = world.shipped_note(world.released_order(customer, TEN))
    world.sign(note)
    late = {"signed_on": "2026-11-20", "quantity-1": "10", "signed_by": "陈立"}
    answer = world.client("order_follow_up").post(world.url(f"/deliveries/{note}/signature"), data=late)
    assert answer.status_code == 422
    assert "Somebody else has just changed note" in answer.text
    assert "陈立" in answer.text


def test_a_double_tap_ships_once_and_says_it_once(world: World, customer: UUID) -> None:
    note = world.note(world.released_order(customer, TEN))
    client = world.client("warehouse")
    tap = {"seen": "none", "key": KEY}
    path = world.url(f"/warehouse/{note}/shipment")
    tabs = [twin(world, client), twin(world, client)]
    first, second = at_once(*[lambda tab=tab: tab.post(path, data=tap) for tab in tabs])
    assert (first.status_code, second.status_code) == (303, 303)
    with world.reading() as db:
        kept = sa.select(sa.func.count()).where(
            OrderDecision.tenant_id == world.tenant_id, OrderDecision.checkpoint == "ship"
        )
        assert db.execute(kept).scalar_one() == 1
    lost_answer_sent_again = twin(world, client).post(path, data=tap)
    assert lost_answer_sent_again.status_code == 303, "it shipped, its answer was lost on the way"
    assert world.delivery(note).state == "shipped"


def test_a_short_signature_sent_back_and_again_is_one(world: World, customer: UUID) -> None:
    """A double click, then the back button and other quantities under the same key."""
    client = world.client("driver")
    with client.session_transaction() as session:
        driver_id = UUID(session["_user_id"].split("|")[0])
    note = world.shipped_note(world.released_order(customer, TEN), driver_id=driver_id)
    path = world.url(f"/driver/{note}")
    form = hidden(client.get(path).text, path)
    typed = {
        "signed_on": "2026-11-20",
        "quantity-1": "4",
        "short_reason-1": "破损",
        "signed_by": "",
        "strokes": STROKES,
        "seen": form["seen"],
        "key": form["key"],
    }
    tabs = [twin(world, client), twin(world, client)]
    answers = at_once(*[lambda tab=tab: tab.post(path, data=typed) for tab in tabs])
    assert [each.status_code for each in answers] == [303, 303]
    assert quantities(world, note) == (400_00, 0)
    changed = client.post(path, data=typed | {"quantity-1": "6"})
    assert changed.status_code == 422
    assert "already sent, with other values" in changed.text
    fresh = hidden(changed.text, path)
    stale = client.post(path, data=typed | {"quantity-1": "6", "key": fresh["key"], "seen": form["seen"]})
    assert "Since this page was opened" in stale.text
    assert quantities(world, note) == (400_00, 0)


def test_who_was_signed_out_while_it_was_signed_finds_the_strokes_and_takes_the_photo_again(
    world: World, customer: UUID
) -> None:
    user_id, email = somebody(world, "赵师傅", Role.DRIVER)
    client = browser(world)
    enter(client, email)
    note = world.shipped_note(world.released_order(customer, TEN), driver_id=user_id)
    path = world.url(f"/driver/{note}")
    typed = {
        "signed_on": "2026-11-20",
        "quantity-1": "9",
        "short_reason-1": "少一件",
        "signed_by": "王芳",
        "strokes": STROKES,
        "seen": hidden(client.get(path).text, path)["seen"],
    }
    client.delete_cookie("huikuan")
    sent = typed | {"file": (io.BytesIO(JPEG), "IMG_0001.jpg")}
    asked = client.post(
        path, data=sent, content_type="multipart/form-data", headers={"Referer": f"http://localhost{path}"}
    )
    assert asked.status_code == 401
    kept = hidden(asked.text, "/sign-in")["kept"]
    again = client.post("/sign-in", data={"email": email, "password": PASSWORD, "kept": kept})
    back = client.post(path, data=hidden(again.text, path))
    assert back.status_code == 422
    assert "IMG_0001.jpg" in back.text
    shown = hidden(back.text, path)
    assert f'name="strokes" value="{STROKES}"' in back.text
    for text in ('value="9"', "少一件", "王芳"):
        assert text in back.text
    assert quantities(world, note) == (0, 0)
    taken = typed | {"key": shown["key"], "seen": shown["seen"], "file": (io.BytesIO(JPEG), "IMG_0002.jpg")}
    assert client.post(path, data=taken, content_type="multipart/form-data").status_code == 303
    assert quantities(world, note) == (900_00, 0)
