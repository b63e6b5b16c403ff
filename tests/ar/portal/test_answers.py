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
from ar.statements.commands import issue
from ar.statements.inputs import IssueStatement, read_period
from ar.statements.jobs import issue_one
from ar.statements.models import Confirmation, Difference, Statement
from ar.statements.months import issue_month
from kernel.clock import fixed_clock
from kernel.db import open_session
from kernel.errors import Conflict
from kernel.ids import new_id
from kernel.journal import JournalEvent
from tenants.commands import invite_person, remove_person
from tenants.inputs import InvitePerson
from tenants.models import Tenant
from tenants.permissions import Role
from tests.ar.portal.debtor import APRIL_2, NOW, SIGNER, Sent, hidden, sent_statement, ticks
from tests.ar.statements.books import add_customer, mails, march
from tests.ar.statements.books import post as book
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain

DIFFERS = {"outcome": "differs", **SIGNER}


@pytest.fixture
def twins(company: TestCompany) -> Iterator[Sent]:
    """An invoice and a debit note of the same number on one statement."""
    with fixed_clock(NOW):
        customer = add_customer(company, "0001", language="en")
        with company.transaction() as db:
            book(
                db,
                company,
                customer,
                ("invoice", "X-1", date(2026, 3, 5), 900_00),
                ("debit_note", "X-1", date(2026, 3, 20), 50_00),
                ("invoice", "X-2", date(2026, 3, 21), 7_00),
            )
        with company.transaction() as db:
            issued = issue(db, company.actor(APRIL_2), march(customer))
        assert issued.portal_url
        path = "/p/" + issued.portal_url.rpartition("/p/")[2]
        yield Sent(company, customer, issued.statement_id, issued.number, path, company.app.test_client())


def _row(number: int, document: str, line: str = "", theirs: str = "0") -> dict[str, str]:
    values = {"document": document, "line": line, "theirs": theirs, "reason": "unknown_document", "note": ""}
    return {f"row-{number}-{name}": value for name, value in values.items()}


def _differences(company: TestCompany) -> list[tuple[Any, ...]]:
    d, i = Difference, OpenItem
    with company.reading() as db:
        rows = db.execute(
            sa.select(d.document_no, i.kind, d.our_minor)
            .outerjoin(i, sa.and_(i.tenant_id == d.tenant_id, i.id == d.item_id))
            .where(d.tenant_id == company.tenant_id)
            .order_by(d.position)
        )
        return [tuple(row) for row in rows]


def test_of_two_documents_with_one_number_the_ticked_one_is_disputed(twins: Sent, post: Post) -> None:
    """Given invoice X-1 and debit note X-1, when the invoice is ticked, then the invoice alone is not chased."""
    _status, page = twins.post("answer", **DIFFERS)
    offered = ticks(page)
    status, page = twins.post("differences", **DIFFERS, do="ticked", tick=offered["X-1 Invoice"])
    assert status == 200
    assert "X-1 · Invoice" in page
    assert "900.00" in page, "our amount is filled in"
    left = ticks(page)
    assert "X-1 Debit note" in left
    assert "X-1 Invoice" not in left
    row = _row(0, hidden(page, "row-0-document"), hidden(page, "row-0-line"))
    status, page = twins.post("differences", **DIFFERS, **row, do="continue")
    assert status == 200
    ready = twins.enter(**DIFFERS, **row)
    answer = twins.client.post(f"{twins.path}/submit", data=ready)
    assert _differences(twins.company) == [("X-1", "invoice", 900_00)]
    done = twins.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'X-1<br><span class="hint">Invoice' in done
    drain(twins.company.tenant_id)
    b, i = CollectionHold, OpenItem
    with twins.company.reading() as db:
        disputed = db.execute(
            sa.select(i.kind)
            .join(b, sa.and_(b.tenant_id == i.tenant_id, b.item_id == i.id))
            .where(i.tenant_id == twins.company.tenant_id, b.lifted_at.is_(None))
        ).scalars()
        assert list(disputed) == ["invoice"]
    shown = twins.company.client().get(twins.company.url(f"/statements/{twins.statement_id}"))
    assert 'X-1 <span class="hint">Invoice' in shown.get_data(as_text=True)


def test_both_documents_with_one_number_can_be_disputed(twins: Sent) -> None:
    lines = ticks(twins.post("answer", **DIFFERS)[1])
    rows = _row(0, "X-1", lines["X-1 Debit note"]) | _row(1, "X-1", lines["X-1 Invoice"])
    ready = twins.enter(**DIFFERS, **rows)
    assert twins.client.post(f"{twins.path}/submit", data=ready).status_code == 303
    assert _differences(twins.company) == [("X-1", "debit_note", 50_00), ("X-1", "invoice", 900_00)]


def test_a_typed_number_that_two_documents_share_is_asked_back_and_a_single_one_is_found(twins: Sent) -> None:
    status, page = twins.post("differences", **DIFFERS, **_row(0, "X-1"), do="continue")
    assert status == 422
    assert 'href="#f-row-0-document"' in page
    assert "Several of our documents have the number X-1" in page
    rows = _row(0, "X-2")
    assert twins.client.post(f"{twins.path}/submit", data=twins.enter(**DIFFERS, **rows)).status_code == 303
    assert _differences(twins.company) == [("X-2", "invoice", 7_00)]


def test_continue_takes_the_ticked_documents_as_lines(twins: Sent) -> None:
    """Given ticks, when the large button is pressed, then they are lines to fill in, and no error."""
    offered = ticks(twins.post("answer", **DIFFERS)[1])
    form = MultiDict(
        [*DIFFERS.items(), ("do", "continue"), *(("tick", offered[one]) for one in ("X-1 Invoice", "X-2"))]
    )
    answer = twins.client.post(f"{twins.path}/differences", data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 documents were added" in page
    assert (hidden(page, "row-0-line"), hidden(page, "row-1-line")) == (offered["X-1 Invoice"], offered["X-2"])
    rows = _row(0, "X-1", offered["X-1 Invoice"]) | _row(1, "X-2", offered["X-2"], theirs="")
    status, page = twins.post("differences", **DIFFERS, **rows, do="continue")
    assert status == 422
    assert 'href="#f-row-1-theirs"' in page
    done = twins.post("differences", **DIFFERS, **{**rows, "row-1-theirs": "0"}, do="continue")
    assert done[0] == 200
    assert "Send me a code" in done[1]


@pytest.mark.parametrize("do", ["blank", "remove-0", "ticked", ""])
def test_ticks_and_typed_rows_survive_every_button(twins: Sent, do: str) -> None:
    offered = ticks(twins.post("answer", **DIFFERS)[1])
    typed = _row(0, "THEIRS-0") | _row(1, "THEIRS-1", theirs="1,5")
    _status, page = twins.post("differences", **DIFFERS, **typed, do=do, tick=offered["X-2"])
    assert f'value="{offered["X-2"]}"' in page
    assert 'name="tick" value="' + offered["X-2"] not in page, "it is a line now"
    assert ('value="THEIRS-0"' in page) == (do != "remove-0")
    assert 'value="THEIRS-1"' in page
    assert 'value="1,5"' in page


def test_going_back_beside_the_ticks_carries_them_along(twins: Sent) -> None:
    offered = ticks(twins.post("answer", **DIFFERS)[1])
    _status, page = twins.post("answer", **DIFFERS, again="1", tick=offered["X-2"])
    assert hidden(page, "row-0-line") == offered["X-2"]


def test_a_line_of_another_statement_is_no_line_of_this_one(twins: Sent, other_company: TestCompany) -> None:
    """Given the id of a foreign line, when it is posted, then the row is a document that we did not list."""
    foreign = sent_statement(other_company)
    with other_company.reading() as db:
        view = queries.statement_view(db, other_company.tenant_id, foreign.statement_id, APRIL_2)
    rows = _row(0, "NOT-OURS", str(view.open_items[0].id), "5") | _row(1, "ODD", "no id at all", "6")
    ready = twins.enter(**DIFFERS, **rows)
    assert twins.client.post(f"{twins.path}/submit", data=ready).status_code == 303
    assert _differences(twins.company) == [("NOT-OURS", None, None), ("ODD", None, None)]


def _confirm(sent: Sent) -> None:
    ready = sent.enter(outcome="agrees", **SIGNER)
    assert sent.client.post(f"{sent.path}/submit", data=ready).status_code == 303


def _standing(sent: Sent) -> list[str]:
    s = Statement
    with sent.company.reading() as db:
        return list(
            db.execute(
                sa.select(s.number)
                .where(s.tenant_id == sent.company.tenant_id, s.superseded_at.is_(None))
                .order_by(s.number)
            ).scalars()
        )


def test_what_the_debtor_confirmed_is_not_superseded_unless_a_person_says_so(sent: Sent) -> None:
    """Given an answered statement, when it is issued again, then the form refuses, warns, and takes a tick."""
    _confirm(sent)
    with sent.company.transaction() as db, pytest.raises(Conflict) as refused:
        issue(db, sent.company.actor(APRIL_2), march(sent.customer_id))
    assert (refused.value.code, refused.value.params) == ("statement_answered_already", {"number": sent.number})
    assert _standing(sent) == [sent.number]
    client, wanted = sent.company.client(), {"customer_no": "0001", "period": "2026-03"}
    assert "despite_answer" not in client.get(sent.company.url("/statements/new")).get_data(as_text=True)
    answer = client.post(sent.company.url("/statements/"), data=wanted)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'href="#f-despite_answer"' in page
    assert f"Statement {sent.number} of this period has been answered" in page
    assert _standing(sent) == [sent.number]
    answer = client.post(sent.company.url("/statements/"), data={**wanted, "despite_answer": "1"})
    assert answer.status_code == 303
    assert _standing(sent) == ["ST-2026-03-000002"]
    assert sent.rows(Confirmation) == 1, "the answer stays on file"
    j = JournalEvent
    with sent.company.reading() as db:
        told = db.execute(
            sa.select(j.kind, j.actor_kind, j.data["despite_answer"].as_boolean()).where(
                j.tenant_id == sent.company.tenant_id, j.kind == "statement_superseded"
            )
        ).all()
    assert [tuple(row) for row in told] == [("statement_superseded", "person", True)]


def test_the_month_job_leaves_answered_statements_alone(sent: Sent) -> None:
    _confirm(sent)
    actor = sent.company.actor(APRIL_2)
    with sent.company.transaction() as db:
        assert issue_month(db, actor, read_period("2026-03", APRIL_2)) == 0
        issue_one(db, actor, {"customer_id": str(sent.customer_id), "currency": "CNY", "period": "2026-03"})
    assert _standing(sent) == [sent.number]


def test_an_answer_on_a_day_of_the_month_stands_beside_the_whole_month(sent: Sent) -> None:
    """Given a confirmation as of the 20th, when the whole month is stated, then both stand: two days, two balances."""
    part = IssueStatement(
        customer_id=sent.customer_id, currency="CNY", period_from=date(2026, 2, 1), period_to=date(2026, 2, 20)
    )
    with sent.company.transaction() as db:
        issued = issue(db, sent.company.actor(date(2026, 2, 20)), part)
    assert issued.portal_url
    early = Sent(
        sent.company,
        sent.customer_id,
        issued.statement_id,
        issued.number,
        "/p/" + issued.portal_url.rpartition("/p/")[2],
        sent.client,
    )
    _confirm(early)
    with sent.company.transaction() as db:
        whole = issue(db, sent.company.actor(APRIL_2), part.model_copy(update={"period_to": date(2026, 2, 28)}))
    assert _standing(sent) == sorted([sent.number, issued.number, whole.number])
    assert sent.client.get(early.path).status_code == 200
    with sent.company.reading() as db:
        on_20th = queries.standing_statement(db, sent.company.tenant_id, sent.customer_id, "CNY", date(2026, 2, 20))
        on_28th = queries.standing_statement(db, sent.company.tenant_id, sent.customer_id, "CNY", date(2026, 2, 28))
        nobodys = queries.standing_statement(db, sent.company.tenant_id, new_id(), "CNY", date(2026, 2, 28))
    assert on_20th
    assert (on_20th.id, on_20th.answered, on_20th.sent_to) == (issued.statement_id, True, "lina@xinsheng.example")
    assert on_28th
    assert (on_28th.id, on_28th.number, on_28th.answered) == (whole.statement_id, whole.number, False)
    assert nobodys is None


def _owner(company: TestCompany) -> tuple[UUID, str]:
    address = f"sales@{company.slug}.example"
    person = InvitePerson(email=address, name="Sales", roles=[Role.SALESPERSON])
    with company.transaction() as db:
        return invite_person(db, company.actor(APRIL_2), person), address


@pytest.mark.parametrize("removed", [False, True])
def test_answers_go_to_the_owner_while_they_belong_to_the_company(company: TestCompany, removed: bool) -> None:
    """Given an owner who was removed, when the debtor answers, then the company's contact is told, not the owner."""
    with fixed_clock(NOW):
        user_id, address = _owner(company)
        sent = sent_statement(company, owner_email=address)
        if removed:
            with company.transaction() as db:
                remove_person(db, company.actor(APRIL_2), user_id)
        _confirm(sent)
    expected = f"owner@{company.slug}.example" if removed else address
    assert [mail.to_address for mail in mails(company, "statement_answered")] == [expected]


def test_the_links_of_a_suspended_company_open_nothing(sent: Sent) -> None:
    """Given a suspended company, when a debtor follows a link, then the page is the neutral one, for every step."""
    with open_session(None) as db:
        db.execute(sa.update(Tenant).where(Tenant.id == sent.company.tenant_id).values(state="suspended"))
        db.commit()
    assert sent.client.get(sent.path).status_code == 404
    assert sent.client.get(f"{sent.path}/statement.pdf").status_code == 404
    for step in ("answer", "differences", "code", "check", "submit"):
        status, page = sent.post(step, outcome="agrees", **SIGNER)
        assert status == 404
        assert sent.number not in page
    assert mails(sent.company, "statement_code") == []
