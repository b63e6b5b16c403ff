"""What an answer hits and what it outlasts: the right document, the right people, and a later statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from ar.cases.models import CollectionHold
from ar.ledger.models import OpenItem
from ar.statements import queries
from ar.statements.inputs import parse_period
from ar.statements.jobs import issue_batch
from ar.statements.models import Confirmation, Difference, Statement
from ar.statements.monthly_run import issue_month
from ar.statements.views import StandingStatement
from kernel.clock import fixed_clock
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.journal import JournalEvent
from tenants.people.commands import invite_person, remove_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tests.ar.portal.debtor import (
    APRIL_2,
    NOW,
    SIGNER,
    DebtorBrowser,
    hidden_field,
    mail_statement_to_debtor,
    open_link,
    tick_values,
)
from tests.ar.statements.debtors import xinsheng
from tests.support.companies import TestCompany
from tests.support.database import as_owner
from tests.support.delivery import Post, drain
from tests.support.world import World, world_of

DIFFERS = {"outcome": "differs", **SIGNER}


@pytest.fixture
def twins(world: World) -> Iterator[DebtorBrowser]:
    """An invoice and a debit note of the same number on one statement."""
    with fixed_clock(NOW):
        customer = xinsheng(world, "0001", language="en")
        world.invoice(customer, number="X-1", on=date(2026, 3, 5), minor=900_00)
        world.document(customer, kind="debit_note", number="X-1", on=date(2026, 3, 20), minor=50_00)
        world.invoice(customer, number="X-2", on=date(2026, 3, 21), minor=7_00)
        issued = world.statement(customer)
        yield open_link(world, customer, issued)


def _difference_row(number: int, document: str, line: str = "", theirs: str = "0") -> dict[str, str]:
    values = {"document": document, "line": line, "theirs": theirs, "reason": "unknown_document", "note": ""}
    return {f"row-{number}-{name}": value for name, value in values.items()}


def _differences(world: World) -> list[tuple[Any, ...]]:
    d, i = Difference, OpenItem
    with world.reading() as db:
        rows = db.execute(
            sa.select(d.document_no, i.kind, d.our_minor)
            .outerjoin(i, sa.and_(i.tenant_id == d.tenant_id, i.id == d.item_id))
            .where(d.tenant_id == world.tenant_id)
            .order_by(d.position)
        )
        return [tuple(row) for row in rows]


def test_of_two_documents_with_one_number_the_ticked_one_is_disputed(twins: DebtorBrowser, post: Post) -> None:
    """Given invoice X-1 and debit note X-1, when the invoice is ticked, then the invoice alone is not chased."""
    _status, page = twins.post("answer", **DIFFERS)
    offered = tick_values(page)
    status, page = twins.post("differences", **DIFFERS, do="ticked", tick=offered["X-1 Invoice"])
    assert status == 200
    assert "X-1 · Invoice" in page
    assert "900.00" in page, "our amount is filled in"
    left = tick_values(page)
    assert "X-1 Debit note" in left
    assert "X-1 Invoice" not in left
    row = _difference_row(0, hidden_field(page, "row-0-document"), hidden_field(page, "row-0-line"))
    status, page = twins.post("differences", **DIFFERS, **row, do="continue")
    assert status == 200
    ready = twins.enter_code(**DIFFERS, **row)
    answer = twins.client.post(f"{twins.path}/submit", data=ready)
    assert _differences(twins.world) == [("X-1", "invoice", 900_00)]
    done = twins.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'X-1<br><span class="hint">Invoice' in done
    drain(twins.world.tenant_id)
    b, i = CollectionHold, OpenItem
    with twins.world.reading() as db:
        disputed = db.execute(
            sa.select(i.kind)
            .join(b, sa.and_(b.tenant_id == i.tenant_id, b.item_id == i.id))
            .where(i.tenant_id == twins.world.tenant_id, b.lifted_at.is_(None))
        ).scalars()
        assert list(disputed) == ["invoice"]
    shown = twins.world.client().get(twins.world.url(f"/statements/{twins.statement_id}"))
    assert 'X-1 <span class="hint">Invoice' in shown.get_data(as_text=True)


def test_both_documents_with_one_number_can_be_disputed(twins: DebtorBrowser) -> None:
    lines = tick_values(twins.post("answer", **DIFFERS)[1])
    rows = _difference_row(0, "X-1", lines["X-1 Debit note"]) | _difference_row(1, "X-1", lines["X-1 Invoice"])
    ready = twins.enter_code(**DIFFERS, **rows)
    assert twins.client.post(f"{twins.path}/submit", data=ready).status_code == 303
    assert _differences(twins.world) == [("X-1", "debit_note", 50_00), ("X-1", "invoice", 900_00)]


def test_a_typed_number_that_two_documents_share_is_asked_back_and_a_single_one_is_found(twins: DebtorBrowser) -> None:
    status, page = twins.post("differences", **DIFFERS, **_difference_row(0, "X-1"), do="continue")
    assert status == 422
    assert 'href="#f-row-0-document"' in page
    assert "Several of our documents have the number X-1" in page
    rows = _difference_row(0, "X-2")
    assert twins.client.post(f"{twins.path}/submit", data=twins.enter_code(**DIFFERS, **rows)).status_code == 303
    assert _differences(twins.world) == [("X-2", "invoice", 7_00)]


def test_continue_takes_the_ticked_documents_as_lines(twins: DebtorBrowser) -> None:
    """Given ticks, when the large button is pressed, then they are lines to fill in, and no error."""
    offered = tick_values(twins.post("answer", **DIFFERS)[1])
    form = MultiDict(
        [*DIFFERS.items(), ("do", "continue"), *(("tick", offered[one]) for one in ("X-1 Invoice", "X-2"))]
    )
    answer = twins.client.post(f"{twins.path}/differences", data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 documents were added" in page
    assert (hidden_field(page, "row-0-line"), hidden_field(page, "row-1-line")) == (
        offered["X-1 Invoice"],
        offered["X-2"],
    )
    rows = _difference_row(0, "X-1", offered["X-1 Invoice"]) | _difference_row(1, "X-2", offered["X-2"], theirs="")
    status, page = twins.post("differences", **DIFFERS, **rows, do="continue")
    assert status == 422
    assert 'href="#f-row-1-theirs"' in page
    done = twins.post("differences", **DIFFERS, **{**rows, "row-1-theirs": "0"}, do="continue")
    assert done[0] == 200
    assert "Send me a code" in done[1]


@pytest.mark.parametrize("do", ["blank", "remove-0", "ticked", ""])
def test_ticks_and_typed_rows_survive_every_button(twins: DebtorBrowser, do: str) -> None:
    offered = tick_values(twins.post("answer", **DIFFERS)[1])
    typed = _difference_row(0, "THEIRS-0") | _difference_row(1, "THEIRS-1", theirs="1,5")
    _status, page = twins.post("differences", **DIFFERS, **typed, do=do, tick=offered["X-2"])
    assert f'value="{offered["X-2"]}"' in page
    assert 'name="tick" value="' + offered["X-2"] not in page, "it is a line now"
    assert ('value="THEIRS-0"' in page) == (do != "remove-0")
    assert 'value="THEIRS-1"' in page
    assert 'value="1,5"' in page


def test_going_back_beside_the_ticks_carries_them_along(twins: DebtorBrowser) -> None:
    offered = tick_values(twins.post("answer", **DIFFERS)[1])
    _status, page = twins.post("answer", **DIFFERS, again="1", tick=offered["X-2"])
    assert hidden_field(page, "row-0-line") == offered["X-2"]


def test_a_line_of_another_statement_is_no_line_of_this_one(twins: DebtorBrowser, other_company: TestCompany) -> None:
    """Given the id of a foreign line, when it is posted, then the row is a document that we did not list."""
    foreign = mail_statement_to_debtor(world_of(other_company, APRIL_2))
    with other_company.reading() as db:
        view = queries.statement_view(db, other_company.tenant_id, foreign.statement_id, APRIL_2)
    rows = _difference_row(0, "NOT-OURS", str(view.open_items[0].id), "5") | _difference_row(
        1, "ODD", "no id at all", "6"
    )
    ready = twins.enter_code(**DIFFERS, **rows)
    assert twins.client.post(f"{twins.path}/submit", data=ready).status_code == 303
    assert _differences(twins.world) == [("NOT-OURS", None, None), ("ODD", None, None)]


def _submit_agreement(debtor: DebtorBrowser) -> None:
    ready = debtor.enter_code(outcome="agrees", **SIGNER)
    assert debtor.client.post(f"{debtor.path}/submit", data=ready).status_code == 303


def _standing_numbers(debtor: DebtorBrowser) -> list[str]:
    s = Statement
    with debtor.world.reading() as db:
        return list(
            db.execute(
                sa.select(s.number)
                .where(s.tenant_id == debtor.world.tenant_id, s.superseded_at.is_(None))
                .order_by(s.number)
            ).scalars()
        )


def test_what_the_debtor_confirmed_is_not_superseded_unless_a_person_says_so(debtor: DebtorBrowser) -> None:
    """Given an answered statement, when it is issued again, then the form refuses, warns, and takes a tick."""
    _submit_agreement(debtor)
    with pytest.raises(Conflict) as refused:
        debtor.world.statement(debtor.customer_id)
    assert (refused.value.code, refused.value.params) == ("statement_answered_already", {"number": debtor.number})
    assert _standing_numbers(debtor) == [debtor.number]
    client, wanted = debtor.world.client(), {"customer_no": "0001", "period": "2026-03"}
    assert "despite_answer" not in client.get(debtor.world.url("/statements/new")).get_data(as_text=True)
    answer = client.post(debtor.world.url("/statements/"), data=wanted)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'href="#f-despite_answer"' in page
    assert f"Statement {debtor.number} of this period has been answered" in page
    assert _standing_numbers(debtor) == [debtor.number]
    answer = client.post(debtor.world.url("/statements/"), data={**wanted, "despite_answer": "1"})
    assert answer.status_code == 303
    assert _standing_numbers(debtor) == ["ST-2026-03-000002"]
    assert debtor.world.count_rows(Confirmation) == 1, "the answer stays on file"
    j = JournalEvent
    with debtor.world.reading() as db:
        told = db.execute(
            sa.select(j.kind, j.actor_kind, j.data["despite_answer"].as_boolean()).where(
                j.tenant_id == debtor.world.tenant_id, j.kind == "statement_superseded"
            )
        ).all()
    assert [tuple(row) for row in told] == [("statement_superseded", "person", True)]


def test_the_month_job_leaves_answered_statements_alone(debtor: DebtorBrowser) -> None:
    _submit_agreement(debtor)
    actor = debtor.world.actor(APRIL_2)
    with debtor.world.transaction() as db:
        assert issue_month(db, actor, parse_period("2026-03", APRIL_2)) == 0
        issue_batch(db, actor, {"customer_id": str(debtor.customer_id), "currency": "CNY", "period": "2026-03"})
    assert _standing_numbers(debtor) == [debtor.number]


def test_an_answer_on_a_day_of_the_month_stands_beside_the_whole_month(debtor: DebtorBrowser) -> None:
    """Given a confirmation as of the 20th, when the whole month is stated, then both stand: two days, two balances."""
    february = date(2026, 2, 1)
    issued = debtor.world.on(date(2026, 2, 20)).statement(debtor.customer_id, period=(february, date(2026, 2, 20)))
    early = open_link(debtor.world, debtor.customer_id, issued)
    _submit_agreement(early)
    whole = debtor.world.statement(debtor.customer_id, period=(february, date(2026, 2, 28)))
    assert _standing_numbers(debtor) == sorted([debtor.number, issued.number, whole.number])
    assert debtor.client.get(early.path).status_code == 200
    (on_20th,) = _standing_on(debtor, debtor.customer_id, date(2026, 2, 20))
    (on_28th,) = _standing_on(debtor, debtor.customer_id, date(2026, 2, 28))
    assert (on_20th.id, on_20th.answered, on_20th.sent_to) == (issued.statement_id, True, "lina@xinsheng.example")
    assert (on_28th.id, on_28th.number, on_28th.answered) == (whole.statement_id, whole.number, False)
    assert _standing_on(debtor, new_id(), date(2026, 2, 28)) == []


def _standing_on(debtor: DebtorBrowser, customer_id: UUID, on: date) -> list[StandingStatement]:
    with debtor.world.reading() as db:
        return queries.standing_statements(db, debtor.world.tenant_id, customer_id, "CNY", Statement.period_to == on)


def _invite_owner(world: World) -> tuple[UUID, str]:
    address = f"sales@{world.slug}.example"
    person = InvitePerson(email=address, name="Sales", roles=[Role.SALESPERSON])
    with world.transaction() as db:
        return invite_person(db, world.actor(APRIL_2), person), address


@pytest.mark.parametrize("removed", [False, True])
def test_answers_go_to_the_owner_while_they_belong_to_the_company(world: World, removed: bool) -> None:
    """Given an owner who was removed, when the debtor answers, then the company's contact is told, not the owner."""
    with fixed_clock(NOW):
        user_id, address = _invite_owner(world)
        debtor = mail_statement_to_debtor(world, owner_email=address)
        if removed:
            with world.transaction() as db:
                remove_person(db, world.actor(APRIL_2), user_id)
        _submit_agreement(debtor)
    expected = f"owner@{world.slug}.example" if removed else address
    assert [mail.to_address for mail in world.mails("statement_answered")] == [expected]


def test_the_links_of_a_suspended_company_open_nothing(debtor: DebtorBrowser) -> None:
    """Given a suspended company, when a debtor follows a link, then the page is the neutral one, for every step."""
    as_owner(debtor.world.tenant_id, "UPDATE tenant SET state = 'suspended' WHERE id = %s")
    assert debtor.client.get(debtor.path).status_code == 404
    assert debtor.client.get(f"{debtor.path}/statement.pdf").status_code == 404
    for step in ("answer", "differences", "code", "check", "submit"):
        status, page = debtor.post(step, outcome="agrees", **SIGNER)
        assert status == 404
        assert debtor.number not in page
    assert debtor.world.mails("statement_code") == []
