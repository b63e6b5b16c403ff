"""The switch "state interest": principal only unless asked; stated beside the balance, frozen, printed, shown."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.statements import queries
from ar.statements.commands import issue_statement
from ar.statements.inputs import IssueStatement
from ar.statements.models import Statement
from ar.statements.views import StatementView
from kernel import pdf
from kernel.clock import fixed_clock, moment_on
from kernel.errors import RuleBroken
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World
from tests.support.world.statements import MARCH, statement_input

APRIL_2 = date(2026, 4, 2)
#: 100,000 due 14 February: 45 days late on 31 March, 480.82 at LPR 3.0 % × 1.3.
BOOKED = date(2026, 1, 15)
RESERVED = "Interest agreed in the contract stays reserved"


@pytest.fixture
def customer(world: World) -> UUID:
    found = xinsheng(world, "0001", language="en")
    world.invoice(found, number="INV-1", on=BOOKED, minor=100_000_00)
    return found


def statement_with_interest(customer: UUID, *, state_interest: bool = True, send: bool = False) -> IssueStatement:
    data = statement_input(customer, send=send)
    return data.model_copy(update={"state_interest": state_interest})


def issued_view(world: World, data: IssueStatement, on: date = APRIL_2) -> StatementView:
    with world.transaction() as db:
        statement_id = issue_statement(db, world.actor(on), data).statement_id
    with world.reading() as db:
        return queries.statement_view(db, world.tenant_id, statement_id, on)


def watch_papers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Collects what each paper is set from, as it goes to the printer."""
    seen: list[dict[str, object]] = []
    real = pdf.render

    def render(template: str, data: dict[str, object]) -> pdf.Rendered:
        seen.append(data)
        return real(template, data)

    monkeypatch.setattr(pdf, "render", render)
    return seen


def test_principal_only_unless_somebody_asks(world: World, customer: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = watch_papers(monkeypatch)
    view = issued_view(world, statement_with_interest(customer, state_interest=False))
    assert (view.interest_minor, view.closing_minor) == (None, 100_000_00)
    assert papers[0]["interest"] == []
    assert RESERVED in str(papers[0]["reserve"])


def test_interest_stands_beside_the_balance_and_never_in_it(
    world: World, customer: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = watch_papers(monkeypatch)
    view = issued_view(world, statement_with_interest(customer))
    assert (view.interest_minor, view.closing_minor, view.overdue_minor) == (480_82, 100_000_00, 100_000_00)
    assert papers[0]["interest"] == ["Late interest through 2026-03-31, not part of the balance", "CN¥480.82"]
    assert RESERVED not in str(papers[0]["reserve"])
    with world.transaction() as db, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        db.execute(sa.update(Statement).where(Statement.tenant_id == world.tenant_id).values(interest_minor=1))


def test_the_figure_is_that_of_the_periods_end_whatever_happened_since(world: World, customer: UUID) -> None:
    """Charged and paid in April: on 31 March both were still to come."""
    world.post_interest(MARCH[1])
    receipt = world.receipt(customer, number="RC-1", on=APRIL_2, minor=100_000_00)
    world.allocate(world.item_numbered("INV-1").id, receipt, minor=100_000_00, on=APRIL_2)
    assert issued_view(world, statement_with_interest(customer)).interest_minor == 480_82


def test_what_a_document_charged_by_then_is_in_the_balance_and_not_stated_twice(world: World, customer: UUID) -> None:
    on = MARCH[1] - timedelta(days=10)
    charged = world.interest_preview(on).totals["CNY"]
    world.on(on).post_interest(on)
    view = issued_view(world, statement_with_interest(customer))
    assert view.closing_minor == 100_000_00 + charged
    # 10 days of 100,000 at 3.9 %; the interest document, overdue by then too, bears nothing.
    assert view.interest_minor == 106_85


def test_nothing_accrued_is_not_stated_as_nought(world: World, customer: UUID) -> None:
    world.interest_terms(customer, kind="none")
    assert issued_view(world, statement_with_interest(customer)).interest_minor is None


def test_a_debt_without_a_known_rate_is_not_stated_in_part(world: World) -> None:
    customer = xinsheng(world, "0002")
    world.invoice(customer, number="OLD-1", on=date(2019, 1, 10), minor=100_00)
    with pytest.raises(RuleBroken) as refused:
        issued_view(world, statement_with_interest(customer))
    assert (refused.value.code, refused.value.params["document_no"]) == ("interest_rate_unknown", "OLD-1")
    page = world.client().post(
        world.url("/statements/"), data={"customer_no": "0002", "period": "2026-03", "state_interest": "1"}
    )
    assert page.status_code == 422
    assert "No rate is known for OLD-1" in page.text


def test_form_page_mail_and_portal_show_it(world: World, customer: UUID) -> None:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        client = world.client()
        form = client.get(world.url("/statements/new")).text
        assert "may fix the claim" in form
        assert 'name="state_interest"' in form
        assert "checked" not in form.split('name="state_interest"')[1][:120]
        answer = client.post(
            world.url("/statements/"), data={"customer_no": "0001", "period": "2026-03", "state_interest": "1"}
        )
        assert answer.status_code == 303
        assert "480.82" in client.get(answer.location).text
        seen = client.get(f"{answer.location}/preview").text
        assert "Late interest through 2026-03-31, not part of the balance" in seen
        assert "480.82" in seen
        (mail,) = world.mails("statement")
        assert "Late interest through 2026-03-31, not part of the balance: CN¥480.82" in mail.body_text
        assert "480.82" in (mail.body_html or "")


def test_without_it_neither_mail_nor_portal_speaks_of_a_sum(world: World, customer: UUID) -> None:
    with fixed_clock(moment_on(APRIL_2, "Asia/Shanghai")):
        client = world.client()
        answer = client.post(world.url("/statements/"), data={"customer_no": "0001", "period": "2026-03"})
        assert "480.82" not in client.get(answer.location).text
        assert RESERVED in client.get(f"{answer.location}/preview").text
        (mail,) = world.mails("statement")
        assert "Late interest" not in mail.body_text
