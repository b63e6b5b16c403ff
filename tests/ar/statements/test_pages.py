"""The team's pages of statements: what they show, what they refuse, and a preview without a trace (testcase 66)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.models import TENANT_TABLES
from ar.customers.queries import find_numbers
from ar.statements.commands import IssuedStatement
from kernel.clock import fixed_clock, moment_on
from tests.ar.statements.debtors import xinsheng
from tests.support.companies import TestCompany
from tests.support.world import World, world_of

NOW = moment_on(date(2026, 4, 2), "Asia/Shanghai")


@pytest.fixture(autouse=True)
def _april() -> Iterator[None]:
    with fixed_clock(NOW):
        yield


@pytest.fixture
def customer_no(world: World) -> str:
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=140_950)
    return "0001"


def _issue_march(world: World) -> IssuedStatement:
    customer = xinsheng(world, "0001")
    world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=140_950)
    return world.statement(customer)


def _page_text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_list_page_and_evidence_are_shown(world: World) -> None:
    issued = _issue_march(world)
    client = world.client()
    listed = _page_text(client, world.url("/statements/"))
    assert issued.number in listed
    assert "lina@xinsheng.example" in listed
    shown = _page_text(client, world.url(f"/statements/{issued.statement_id}"))
    for expected in ("人民币壹仟肆佰零玖元伍角", "INV-1", "Stored PDF still has this hash: Yes", "Waiting to be sent"):
        assert expected in shown
    assert _page_text(client, world.url("/statements/?status=agrees")).count(issued.number) == 0
    assert issued.number in _page_text(client, world.url("/statements/?q=0001&month=2026-03&status=sent"))
    assert issued.number not in _page_text(client, world.url("/statements/?month=2026-02"))
    pdf = client.get(world.url(f"/statements/{issued.statement_id}/statement.pdf"))
    assert pdf.data.startswith(b"%PDF")


def test_unanswered_lists_what_was_sent_and_waits_late_or_not(world: World) -> None:
    """The same set that the navigation counts: sent, standing, no answer."""
    issued = _issue_march(world)
    for day in (17, 18):
        with fixed_clock(moment_on(date(2026, 4, day), "Asia/Shanghai")):
            assert issued.number in _page_text(world.client(), world.url("/statements/?status=unanswered"))
    mute = xinsheng(world, "0002", contact_email=None)
    world.invoice(mute, number="INV-2", on=date(2026, 3, 10), minor=100)
    unsent = world.statement(mute)
    newer = world.statement(_customer_id(world, "0001"))
    listed = _page_text(world.client(), world.url("/statements/?status=unanswered"))
    assert newer.number in listed
    assert issued.number not in listed
    assert unsent.number not in listed


@pytest.mark.parametrize("crafted", ["' OR 1=1 --", "%", "_", "0001", "00000000-0000-0000-0000-000000000000"])
def test_crafted_filters_stay_within_ones_own_company(world: World, other_company: TestCompany, crafted: str) -> None:
    """Testcase 60: crafted filters find nothing outside one's own company."""
    foreign = _issue_march(world_of(other_company, NOW.date()))
    client = world.client()
    for name in ("q", "month", "customer", "status", "page", "size"):
        answer = client.get(world.url("/statements/"), query_string={name: crafted})
        assert answer.status_code == 200
        assert foreign.number not in answer.get_data(as_text=True)
    answer = client.get(world.url("/statements/"), query_string={"customer": str(foreign.statement_id)})
    assert foreign.number not in answer.get_data(as_text=True)


def test_an_answer_is_overdue_after_fifteen_days(world: World) -> None:
    """A14: sent on 2 April, due on the 17th, overdue on the 18th."""
    issued = _issue_march(world)
    for day, expected in ((17, "Sent"), (18, "Answer overdue")):
        with fixed_clock(moment_on(date(2026, 4, day), "Asia/Shanghai")):
            shown = _page_text(world.client(), world.url(f"/statements/{issued.statement_id}"))
            assert f"{expected}</span>" in shown


def test_the_preview_shows_what_the_debtor_sees_and_leaves_no_trace(world: World) -> None:
    issued = _issue_march(world)
    client = world.client()
    before = _count_all_rows(world)
    shown = _page_text(client, world.url(f"/statements/{issued.statement_id}/preview"))
    assert '<html lang="zh-CN"' in shown
    assert "INV-1" in shown
    assert "signer_name" not in shown
    assert "/p/" not in shown
    assert _count_all_rows(world) == before


def test_issuing_by_form_and_what_it_refuses(world: World, customer_no: str) -> None:
    client = world.client()
    for values, field in (
        ({"customer_no": "nobody", "period": "2026-03"}, "customer_no"),
        ({"customer_no": customer_no, "period": "2026-09"}, "period"),
        ({"customer_no": customer_no, "period": "2026-1"}, "period"),
        ({"customer_no": customer_no, "period": "2026-01"}, "period"),
        ({"customer_no": "", "period": "2026-03"}, "customer_no"),
    ):
        answer = client.post(world.url("/statements/"), data=values)
        assert answer.status_code == 422, values
        assert f'href="#f-{field}"' in answer.get_data(as_text=True)
    answer = client.post(world.url("/statements/"), data={"customer_no": customer_no, "period": "2026-03"})
    assert answer.status_code == 303
    assert "ST-2026-03-000001" in _page_text(client, answer.headers["Location"])


def test_sending_again_makes_a_new_link_and_closes_the_old_one(world: World) -> None:
    issued = _issue_march(world)
    assert issued.portal_url
    debtor = world.app.test_client()
    old = "/p/" + issued.portal_url.rpartition("/p/")[2]
    assert debtor.get(old).status_code == 200
    answer = world.client().post(world.url(f"/statements/{issued.statement_id}/deliveries"))
    assert answer.status_code == 303
    assert debtor.get(old).status_code == 404
    new = world.mails("statement")[-1].body_text.partition("/p/")[2].split()[0]
    assert debtor.get(f"/p/{new}").status_code == 200


def test_who_may_only_read_cannot_issue(world: World, customer_no: str) -> None:
    client = world.client("salesperson")
    values = {"customer_no": customer_no, "period": "2026-03"}
    assert client.get(world.url("/statements/")).status_code == 200
    assert client.post(world.url("/statements/"), data=values).status_code == 403
    assert client.post(world.url("/statements/month"), data={"month": "2026-03"}).status_code == 403


def test_the_command_line_issues_and_writes_the_pdf(world: World, customer_no: str, tmp_path: Path) -> None:
    from ar.statements.cli import group

    base = ["--tenant", world.slug, "--json"]
    run = CliRunner().invoke(
        group,
        ["issue", *base, "--customer", customer_no, "--period", "2026-03", "--output", str(tmp_path)],
    )
    assert run.exit_code == 0, run.output
    (row,) = json.loads(run.output)["statements"]
    assert (row["opening_minor"], row["debits_minor"], row["credits_minor"], row["closing_minor"]) == (
        0,
        140_950,
        0,
        140_950,
    )
    assert (row["period"], row["customer_no"], row["sent_to"]) == ("2026-03", "0001", "lina@xinsheng.example")
    assert "portal_url" not in row, "links are printed in development only"
    assert (tmp_path / f"{row['number']}.pdf").read_bytes().startswith(b"%PDF")
    for arguments, code in (
        (["--customer", "nobody", "--period", "2026-03"], "statement_customer_unknown"),
        (["--customer", customer_no, "--period", "2027-01"], "statement_period_future"),
        (["--customer", customer_no, "--period", "2026-13"], "statement_period_bad"),
    ):
        refused = CliRunner().invoke(group, ["issue", *base, *arguments])
        assert refused.exit_code == 1
        assert json.loads(refused.output)["error"]["code"] == code
    again = ["issue", *base, "--customer", customer_no, "--period", "2026-03", "--despite-answer", "--no-send"]
    assert json.loads(CliRunner().invoke(group, again).output)["statements"][0]["number"] == "ST-2026-03-000002"
    month = CliRunner().invoke(group, ["issue-month", *base, "--period", "2026-03"])
    assert json.loads(month.output) == {"period": "2026-03", "queued": 0}


def _customer_id(world: World, number: str) -> UUID:
    with world.reading() as db:
        return find_numbers(db, world.tenant_id, [number])[number].id


def _count_all_rows(world: World) -> dict[str, int]:
    with world.reading() as db:
        return {
            table: db.execute(
                sa.text(f"SELECT count(*) FROM {table} WHERE tenant_id = :t"), {"t": world.tenant_id}
            ).scalar_one()
            for table in sorted(TENANT_TABLES)
        }
