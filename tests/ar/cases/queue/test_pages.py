"""The review queue in the browser's terms, and the command line's JSON."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from ar.cases.models import CollectionHold
from ar.cases.runs.cli import run_day_command, simulate_command
from kernel.clock import fixed_clock, moment_on
from tests.support.companies import TestCompany
from tests.support.letters import letters_named
from tests.support.postbox import Postbox
from tests.support.world import World

DUE = date(2026, 11, 1)
MONDAY = date(2026, 11, 2)


@pytest.fixture
def queued(world: World) -> World:
    """A desk with one letter in the queue."""
    world.invoice(number="INV-1", due_on=DUE)
    world.run_day(on=MONDAY)
    return world


def test_the_queue_says_what_goes_out_and_why(queued: World) -> None:
    page = queued.client().get(queued.url("/cases/"))
    assert page.status_code == 200
    for text in (
        "What will go out today",
        "Due notice",
        "INV-1",
        ": due on ",
        "Approve …",
        "No receipts posted",
    ):
        assert text in page.text
    for tab in ("tasks", "problems", "outgoing"):
        assert queued.client().get(queued.url(f"/cases/?tab={tab}")).status_code == 200


def test_the_preview_shows_mail_and_paper_and_stores_nothing(queued: World) -> None:
    client = queued.client()
    (action,) = queued.actions()
    page = client.get(queued.url(f"/cases/actions/{action.id}"))
    assert page.status_code == 200
    assert "The e-mail as it would be now" in page.text
    assert "INV-1" in page.text
    paper = client.get(queued.url(f"/cases/actions/{action.id}/letter.pdf"))
    assert paper.data.startswith(b"%PDF")
    assert queued.actions()[0].pdf_sha256 is None


def test_approving_and_skipping_by_form(queued: World, postbox: Postbox) -> None:
    client, url = queued.client(), queued.url
    (action,) = queued.actions()
    refused = client.post(url(f"/cases/actions/{action.id}/skip"), data={"reason": ""})
    assert refused.status_code == 422
    assert client.post(url(f"/cases/actions/{action.id}/approval"), data={}).status_code == 303
    assert queued.actions()[0].state == "approved"
    late = queued.client().post(url(f"/cases/actions/{action.id}/skip"), data={"reason": "no need"})
    assert late.status_code == 422
    assert "Nothing was changed." in late.text
    assert "You wrote: no need" in late.text
    assert client.get(url(f"/cases/actions/{action.id}/letter.pdf")).data.startswith(b"%PDF")


def test_who_may_not_review_may_only_look(queued: World) -> None:
    client = queued.client("cost_accountant")
    (action,) = queued.actions()
    assert client.get(queued.url(f"/cases/actions/{action.id}")).status_code == 200
    assert client.post(queued.url(f"/cases/actions/{action.id}/approval")).status_code == 403
    assert client.post(queued.url("/cases/approvals")).status_code == 403


def test_another_companys_letter_does_not_exist(queued: World, other_company: TestCompany) -> None:
    client = other_company.client()
    (action,) = queued.actions()
    for path in (f"/cases/actions/{action.id}", f"/cases/actions/{action.id}/letter.pdf"):
        assert client.get(other_company.url(path)).status_code == 404
    for path in ("approval", "skip", "completion", "outcome"):
        data = {"reason": "xx", "note": "xx", "outcome": "arrived"}
        answer = client.post(other_company.url(f"/cases/actions/{action.id}/{path}"), data=data)
        assert answer.status_code == 404
    assert queued.actions()[0].state == "proposed"


def test_a_hold_is_placed_and_lifted_by_form(queued: World) -> None:
    client, url = queued.client(), queued.url
    customer_id = str(queued.customer_id("00001"))
    empty = client.post(url("/cases/blocks"), data={"customer_id": customer_id, "reason": ""})
    assert empty.status_code == 422
    placed = client.post(url("/cases/blocks"), data={"customer_id": customer_id, "reason": "on holiday"})
    assert placed.status_code == 303
    assert queued.actions()[0].state == "suppressed"


def test_a_lifted_hold_says_on_the_timeline_which_it_was(queued: World) -> None:
    client, url = queued.client(), queued.url
    customer_id = str(queued.customer_id("00001"))
    asked = {"customer_id": customer_id, "kind": "promise", "until_on": "2026-12-30", "reason": "by phone"}
    assert client.post(url("/cases/blocks"), data=asked).status_code == 303
    with queued.reading() as db:
        hold_id = db.execute(
            sa.select(CollectionHold.id).where(CollectionHold.tenant_id == queued.tenant_id)
        ).scalar_one()
    assert client.post(url(f"/cases/blocks/{hold_id}/lifting")).status_code == 303
    page = client.get(url(f"/customers/{customer_id}")).text
    assert "Hold lifted" in page
    assert page.count("Promise to pay until 2026-12-30: by phone") == 2  # at its placing and at its lifting


def test_run_day_and_simulate_as_json(world: World) -> None:
    world.invoice(number="INV-1", due_on=DUE)
    slug = world.slug
    run = CliRunner().invoke(run_day_command, ["--tenant", slug, "--date", MONDAY.isoformat(), "--json"])
    assert run.exit_code == 0, run.output
    (step,) = json.loads(run.stdout)["steps"]
    assert step["why"]
    del step["why"]
    assert step == {
        "customer_no": "00001",
        "document_no": "INV-1",
        "policy": "five-step",
        "step": "due_notice",
        "nominal_on": "2026-11-02",
        "runs_on": "2026-11-02",
        "open_minor": 100_000,
        "currency": "CNY",
        "status": "proposed",
    }
    to_on = (DUE + timedelta(days=20)).isoformat()
    args = ["--tenant", slug, "--from", DUE.isoformat(), "--to", to_on, "--policy", "twelve-step", "--json"]
    with fixed_clock(moment_on(MONDAY, "Asia/Shanghai")):
        simulated = CliRunner().invoke(simulate_command, args)
    if simulated.exception:
        raise simulated.exception
    assert simulated.exit_code == 0
    played = json.loads(simulated.stdout)["steps"]
    assert [step["step"] for step in played] == ["remind_1", "remind_2", "inquiry_call", "formal_1", "solemn_notice"]
    assert {step["status"] for step in played} == {"simulated"}
    bad = CliRunner().invoke(simulate_command, [*args[:6], "--policy", "nonsense", "--json"])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["error"]["code"] == "policy_not_found"


def test_approving_all_asks_first_and_says_how_much(queued: World) -> None:
    client, url = queued.client("accountant"), queued.url("/cases/approvals")
    asked = client.post(url)
    assert asked.status_code == 200
    assert "Approve and send 1 letter" in asked.text
    assert queued.actions()[0].state == "proposed"
    assert client.post(url, data={"confirmed": "1"}).status_code == 303
    assert queued.actions()[0].state == "proposed", "a confirmation that names no letter releases none"
    assert client.post(url, data={"confirmed": "1", "selected": letters_named(asked.text)}).status_code == 303
    assert queued.actions()[0].state == "approved"


def test_a_hold_that_is_refused_comes_back_as_typed(queued: World) -> None:
    client, url = queued.client(), queued.url("/cases/blocks")
    typed = {"customer_id": str(queued.customer_id("00001")), "reason": "they promised to pay", "kind": "promise"}
    refused = client.post(url, data=typed)
    assert refused.status_code == 422
    assert "A promise needs the day on which payment was promised." in refused.text
    assert 'href="#f-until_on"' in refused.text
    assert "they promised to pay</textarea>" in refused.text
    past = client.post(url, data=typed | {"until_on": "2020-01-01"})
    assert past.status_code == 422
    assert 'value="2020-01-01"' in past.text
    assert queued.actions()[0].state == "proposed"


def test_a_letter_that_cannot_be_marked_as_done_says_so_on_its_page(queued: World) -> None:
    (action,) = queued.actions()
    url = queued.url(f"/cases/actions/{action.id}/completion")
    refused = queued.client().post(url, data={"note": "spoke to Ms Wang"})
    assert refused.status_code == 422
    assert "only calls and tasks are marked as done" in refused.text
    assert "You wrote: spoke to Ms Wang" in refused.text
