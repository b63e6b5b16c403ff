"""Letters that bounced or are in doubt: closed where nothing is left to claim, mended where an address is missing."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

import pytest
import sqlalchemy as sa

from ar.cases.queue.mails import settle_letter
from kernel import mail
from kernel.clock import fixed_clock, moment_on
from tests.support.delivery import smtp_at
from tests.support.postbox import Postbox
from tests.support.rude import rude_server
from tests.support.world import World

DUE: Final = date(2026, 11, 1)
MONDAY: Final = date(2026, 11, 2)
ADDRESS: Final = "ar@00001.example"


def _bounced(world: World, postbox: Postbox) -> sa.Row[Any]:
    postbox.refused.add(ADDRESS)
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.run_day(on=MONDAY)
    (letter,) = world.actions()
    world.release(letter.id, on=MONDAY)
    assert world.send_mail(on=MONDAY) == ["failed"]
    return letter


def _pay(world: World) -> None:
    receipt = world.receipt(number="R1", on=MONDAY, minor=1_000_00)
    world.allocate(world.item_numbered("A1").id, receipt, minor=1_000_00)


def _page(world: World, path: str) -> str:
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        return " ".join(world.client("accountant").get(world.url(path)).text.split())


def _state(world: World, letter: sa.Row[Any]) -> str:
    return str({each.id: each.state for each in world.actions()}[letter.id])


def test_a_bounced_letter_that_was_paid_is_closed_with_a_reason_and_not_sent_again(
    world: World, postbox: Postbox
) -> None:
    letter = _bounced(world, postbox)
    assert "Send again" in _page(world, "/cases/?tab=problems")
    _pay(world)
    assert "1 letter bounced or in doubt" in _page(world, "/"), "Today counts what the list shows"
    listed = _page(world, "/cases/?tab=problems")
    assert "Close …" in listed
    assert "Send again" not in listed
    client, url = world.client("accountant"), world.url(f"/cases/actions/{letter.id}")
    again = client.post(f"{url}/outcome", data={"outcome": "send_again"})
    assert again.status_code == 422
    assert "Nothing is left to claim, so this letter is not sent again. Close it instead." in again.text
    assert _state(world, letter) == "failed"
    assert client.post(f"{url}/closure", data={"reason": ""}).status_code == 422
    assert client.post(f"{url}/closure", data={"reason": "paid by bank"}).status_code == 303
    assert _state(world, letter) == "suppressed"
    assert "letter bounced or in doubt" not in _page(world, "/")
    assert "paid by bank" in _page(world, f"/customers/{letter.customer_id}")
    assert client.post(f"{url}/closure", data={"reason": "once more"}).status_code == 422


def test_a_letter_in_doubt_that_was_paid_and_is_lost_is_closed_by_itself(world: World, postbox: Postbox) -> None:
    """Who settles mails in doubt says that it did not arrive: a letter of nothing does not go back to the queue."""
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.run_day(on=MONDAY)
    (letter,) = world.actions()
    world.release(letter.id, on=MONDAY)
    with rude_server({"TEXT": "hang up"}) as url, smtp_at(url):
        assert world.send_mail(on=MONDAY) == ["unknown"]
    _pay(world)
    (action,) = world.actions()
    with world.transaction() as db:
        message = mail.get(db, world.tenant_id, action.mail_id)
        assert settle_letter(db, world.actor(MONDAY), message, arrived=False)
    assert _state(world, letter) == "suppressed"


def test_a_task_to_find_an_address_waits_for_the_address(world: World, postbox: Postbox) -> None:
    _bounced(world, postbox)
    (task,) = world.actions("proposed")
    assert task.code == "mend_contact"
    client, path = world.client("accountant"), f"/cases/actions/{task.id}"
    refused = client.post(world.url(f"{path}/completion"), data={"note": "called them"})
    assert refused.status_code == 422
    assert "still has no contact with a working e-mail. Add one first" in refused.text
    assert "called them" in refused.text
    (link,) = re.findall(r'<a href="([^"]*contacts/new[^"]*)"', client.get(world.url(path)).text)
    assert "contacts/new" in link
    added = client.post(
        world.url(f"/customers/{task.customer_id}/contacts"),
        data={"name": "New", "email": "new@00001.example", "purposes": "dunning", "next": world.url(path)},
    )
    assert added.headers["Location"].endswith(path), "who added the contact comes back to the task"
    assert client.post(world.url(f"{path}/completion"), data={"note": "new address"}).status_code == 303


@pytest.mark.parametrize("query", ["", "?kind=letter"])
def test_who_decides_comes_back_to_the_list_as_it_was_filtered(world: World, query: str) -> None:
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.run_day(on=MONDAY)
    with fixed_clock(moment_on(MONDAY, world.timezone)):
        client, here = world.client("accountant"), world.url(f"/decisions/{query}")
        (link, *_rest) = re.findall(r'<a class="strong" href="([^"]*/cases/actions/[^"]*)"', client.get(here).text)
        form = client.get(link.replace("&amp;", "&")).text
        (kept,) = set(re.findall(r'name="next" value="(/c/[^/"]*/decisions/[^"]*)"', form))
        (letter,) = world.actions()
        answer = client.post(world.url(f"/cases/actions/{letter.id}/approval"), data={"next": kept})
    assert answer.headers["Location"].endswith(here)


def test_today_the_queue_and_the_decisions_name_one_sum_and_one_number(world: World) -> None:
    """Of 1,000.00 owed 600.00 is in hand: each list says 400.00; another's letter counts in the queue alone."""
    world.invoice(number="A1", due_on=DUE, minor=1_000_00)
    world.receipt(number="R1", on=MONDAY, minor=600_00)
    world.customer("00002", "乙方贸易")
    world.invoice("00002", number="B1", due_on=DUE, minor=700_00)
    world.run_day(on=MONDAY)
    for path in ("/", "/cases/", "/decisions/"):
        assert "400.00" in _page(world, path), path
    today = _page(world, "/")
    assert "1 letter to release" in today
    assert "Review 1 letter<" in today
    assert "2 letters, 1 for me to release" in today
    queue = _page(world, "/cases/")
    assert "1 of these letters is yours to release today" in queue
    assert "Add a contact" in queue, "the letter without a recipient leads to adding one"
