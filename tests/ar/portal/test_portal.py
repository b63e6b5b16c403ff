"""The debtor's pages: looking changes nothing, answering takes a code, a dead link is mute (testcases 62-64, 67)."""

from __future__ import annotations

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, timedelta
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.models import TENANT_TABLES
from ar.ledger.books.queries import balance_at
from ar.statements.commands import send_statement
from ar.statements.models import Confirmation, Difference
from kernel import tokens
from kernel.clock import fixed_clock
from kernel.journal import JournalEvent
from kernel.mail import MailMessage
from kernel.outbox import OutboxMessage
from kernel.tokens import AccessToken, OneTimeCode
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
from tests.support.world import World, world_of


def _count_all_rows(world: World) -> dict[str, int]:
    with world.reading() as db:
        return {
            table: db.execute(
                sa.text(f"SELECT count(*) FROM {table} WHERE tenant_id = :t"), {"t": world.tenant_id}
            ).scalar_one()
            for table in sorted(TENANT_TABLES)
        }


def test_a_scanner_may_look_five_times_and_nothing_is_confirmed(debtor: DebtorBrowser) -> None:
    """Testcase 62: GET and HEAD leave no trace; POST with a code confirms once."""
    before = _count_all_rows(debtor.world)
    for _time in range(5):
        assert debtor.client.get(debtor.path).status_code == 200
        assert debtor.client.head(debtor.path).status_code == 200
        assert debtor.client.get(f"{debtor.path}/statement.pdf").status_code == 200
    assert _count_all_rows(debtor.world) == before


def test_the_page_says_who_asks_what_amount_in_figures_and_words_and_lists_what_is_open(debtor: DebtorBrowser) -> None:
    answer = debtor.client.get(debtor.path)
    page = answer.get_data(as_text=True)
    for expected in (
        "深圳鑫晟电子有限公司",
        "246,400",
        "人民币贰拾肆万陆仟肆佰元整",
        "INV-1",
        "INV-2",
        "2026-03-31",
        debtor.number,
    ):
        assert expected in page, expected
    assert '<html lang="zh-CN"' in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    english = debtor.client.get(f"{debtor.path}?lang=en").get_data(as_text=True)
    assert '<html lang="en"' in english
    assert '<html lang="zh-CN"' in debtor.client.get(debtor.path).get_data(as_text=True), "the switch leaves no state"


def test_agreeing_takes_a_code_and_binds_to_the_hash_of_the_stored_pdf(debtor: DebtorBrowser) -> None:
    """Testcases 62 and 64: one confirmation, its hash recomputed from the bytes that the debtor can download."""
    fields = {"outcome": "agrees", **SIGNER}
    status, page = debtor.post("answer", **fields)
    assert status == 200
    assert "l***@xinsheng.example" in page
    assert "lina@xinsheng.example" not in page
    ready = debtor.enter_code(**fields)
    assert debtor.world.count_rows(Confirmation) == 0, "nothing is confirmed before it is sent"
    answer = debtor.client.post(f"{debtor.path}/submit", data=ready)
    assert answer.status_code == 303
    done = debtor.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "CF-2026-000001" in done
    with debtor.world.reading() as db:
        row = db.execute(sa.select(Confirmation).where(Confirmation.tenant_id == debtor.world.tenant_id)).scalar_one()
    pdf = debtor.client.get(f"{debtor.path}/statement.pdf").data
    assert row.pdf_sha256 == hashlib.sha256(pdf).hexdigest()
    assert (row.outcome, row.signer_name, row.signer_title) == ("agrees", "李娜", "财务经理")
    assert row.code_sent_to == "lina@xinsheng.example"
    assert row.remote_address == "127.0.0.1"
    copy = debtor.world.mails("statement_copy")[-1]
    assert copy.to_address == "lina@xinsheng.example"
    assert copy.attachments == [{"file_name": f"{debtor.number}.pdf", "sha256": row.pdf_sha256}]
    assert [mail.to_address for mail in debtor.world.mails("statement_answered")] == [
        f"owner@{debtor.world.slug}.example"
    ]
    for kind in ("statement_code_sent", "statement_code_entered", "statement_confirmed"):
        assert _count_events(debtor.world, kind) == 1, kind
    assert _answer_messages(debtor.world) == [
        {"statement_id": str(debtor.statement_id), "confirmation_id": str(row.id), "outcome": "agrees"}
    ]


def test_sending_twice_shows_the_same_reference_and_writes_no_second_row(debtor: DebtorBrowser) -> None:
    ready = debtor.enter_code(outcome="agrees", **SIGNER)
    for _twice in range(2):
        answer = debtor.client.post(f"{debtor.path}/submit", data=ready)
        assert answer.status_code == 303
        assert "CF-2026-000001" in debtor.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert debtor.world.count_rows(Confirmation) == 1
    assert len(_answer_messages(debtor.world)) == 1


def test_two_browsers_sending_at_once_make_one_confirmation(debtor: DebtorBrowser) -> None:
    ready = debtor.enter_code(outcome="agrees", **SIGNER)
    together = Barrier(2)

    def send_it() -> int:
        together.wait(timeout=30)
        return debtor.world.app.test_client().post(f"{debtor.path}/submit", data=ready).status_code

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(copy_context().run, send_it) for _browser in range(2)]
        assert [one.result(timeout=60) for one in waiting] == [303, 303]
    assert debtor.world.count_rows(Confirmation) == 1
    assert len(_answer_messages(debtor.world)) == 1


def test_a_difference_names_document_amount_and_reason_and_leaves_the_balance_alone(debtor: DebtorBrowser) -> None:
    """Testcase 67: the rows are there for the disputes, the ledger is untouched."""
    with debtor.world.reading() as db:
        before = balance_at(db, debtor.world.tenant_id, debtor.customer_id, "CNY", APRIL_2)
    fields = {"outcome": "differs", **SIGNER}
    status, page = debtor.post("answer", **fields)
    assert status == 200
    assert "INV-2" in page
    status, page = debtor.post("differences", **fields, do="ticked", tick=tick_values(page)["INV-2"])
    assert status == 200
    assert hidden_field(page, "row-0-document") == "INV-2"
    assert "66,400.00" in page, "our amount is filled in"
    line = {
        "row-0-document": "INV-2",
        "row-0-theirs": "60,000.00",
        "row-0-reason": "goods_returned",
        "row-0-note": "退货",
    }
    status, page = debtor.post("differences", **fields, **line, do="blank")
    assert status == 200
    assert 'name="row-1-document"' in page
    other = {"row-1-document": "PAY-7", "row-1-theirs": "-500", "row-1-reason": "already_paid", "row-1-note": ""}
    status, page = debtor.post("differences", **fields, **line, **other, do="continue")
    assert status == 200
    ready = debtor.enter_code(**fields, **line, **other)
    assert debtor.client.post(f"{debtor.path}/submit", data=ready).status_code == 303
    with debtor.world.reading() as db:
        d = Difference
        rows = db.execute(
            sa.select(d.document_no, d.our_minor, d.their_minor, d.reason, d.item_id.is_not(None))
            .where(d.tenant_id == debtor.world.tenant_id)
            .order_by(d.position)
        ).all()
        after = balance_at(db, debtor.world.tenant_id, debtor.customer_id, "CNY", APRIL_2)
    assert [tuple(row) for row in rows] == [
        ("INV-2", 66_400_00, 60_000_00, "goods_returned", True),
        ("PAY-7", None, -500_00, "already_paid", False),
    ]
    assert after == before
    assert _count_events(debtor.world, "statement_disputed") == 1
    assert _answer_messages(debtor.world)[0]["outcome"] == "differs"


def test_a_line_is_taken_out_by_a_button_without_script(debtor: DebtorBrowser) -> None:
    rows = {
        f"row-{n}-{name}": value
        for n in range(2)
        for name, value in (("document", f"D{n}"), ("theirs", "1"), ("reason", ""), ("note", ""))
    }
    status, page = debtor.post("differences", outcome="differs", **SIGNER, **rows, do="remove-0")
    assert status == 200
    assert 'value="D1"' in page
    assert 'value="D0"' not in page


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("outcome", "outcome"),
        ("signer_name", "signer_name"),
        ("signer_title", "signer_title"),
        ("authority", "authority"),
    ],
)
def test_what_is_missing_is_said_on_top_and_nothing_typed_is_lost(
    debtor: DebtorBrowser, missing: str, field: str
) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    del fields[missing]
    for step in ("answer", "code", "check", "submit"):
        status, page = debtor.post(step, **fields)
        assert status == 422
        assert f'href="#f-{field}"' in page
        for value in (v for k, v in fields.items() if k.startswith("signer")):
            assert f'value="{value}"' in page
    assert debtor.world.mails("statement_code") == []


def test_wrong_amounts_and_reasons_are_said_at_their_line(debtor: DebtorBrowser) -> None:
    rows = {"row-0-document": "INV-2", "row-0-theirs": "1,23", "row-0-reason": "", "row-0-note": "see mail"}
    status, page = debtor.post("differences", outcome="differs", **SIGNER, **rows, do="continue")
    assert status == 422
    for kept in ('href="#f-row-0-theirs"', 'href="#f-row-0-reason"', 'value="1,23"', "see mail"):
        assert kept in page
    status, page = debtor.post(
        "differences", outcome="differs", **SIGNER, **{**rows, "row-0-theirs": "66400"}, do="continue"
    )
    assert 'href="#f-row-0-theirs"' in page, "our own amount is no difference"
    assert debtor.post("differences", outcome="differs", **SIGNER, do="continue")[0] == 422


def test_five_wrong_codes_use_the_code_up(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    assert debtor.post("code", **fields)[0] == 200
    right = debtor.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for tries in range(1, 6):
        status, page = debtor.post("check", **fields, code=wrong)
        assert status == 422
        assert 'value="李娜"' in page
        with debtor.world.reading() as db:
            c = OneTimeCode
            assert db.execute(sa.select(c.tries).where(c.tenant_id == debtor.world.tenant_id)).scalar_one() == tries
    assert debtor.post("check", **fields, code=right)[0] == 422
    debtor.enter_code(**fields)


def test_a_code_lapses_after_fifteen_minutes(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    debtor.post("code", **fields)
    with fixed_clock(NOW + timedelta(minutes=15)):
        assert debtor.post("check", **fields, code=debtor.code())[0] == 422


def test_a_second_click_sends_no_second_code_and_the_first_one_opens(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    assert "刚刚已经发出" not in debtor.post("code", **fields)[1]
    first = debtor.code()
    status, page = debtor.post("code", **fields)
    assert status == 200
    assert "刚刚已经发出" in page
    assert len(debtor.world.mails("statement_code")) == 1
    assert debtor.post("check", **fields, code=first)[0] == 200


def test_two_clicks_at_once_send_one_code(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    together = Barrier(2)

    def ask() -> int:
        together.wait(timeout=30)
        return debtor.world.app.test_client().post(f"{debtor.path}/code", data=fields).status_code

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(copy_context().run, ask) for _click in range(2)]
        assert [one.result(timeout=60) for one in waiting] == [200, 200]
    assert len(debtor.world.mails("statement_code")) == 1
    assert debtor.post("check", **fields, code=debtor.code())[0] == 200


def test_another_code_goes_out_after_half_a_minute_or_where_the_first_one_is_no_use(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    debtor.post("code", **fields)
    with fixed_clock(NOW + tokens.CODE_REST):
        debtor.post("code", **fields)
        assert len(debtor.world.mails("statement_code")) == 2, "asked for again later, it may have been lost"
        debtor.post("check", **fields, code=debtor.code())
        debtor.post("code", **fields)
        assert len(debtor.world.mails("statement_code")) == 3, "the second was entered"
        with debtor.world.transaction() as db:
            m = MailMessage
            db.execute(
                sa.update(m).where(m.tenant_id == debtor.world.tenant_id, m.state == "queued").values(state="sending")
            )
            db.execute(sa.update(m).where(m.tenant_id == debtor.world.tenant_id).values(state="failed"))
        debtor.post("code", **fields)
        assert len(debtor.world.mails("statement_code")) == 4, "the mail of the third was refused"


def test_codes_are_limited_per_link(debtor: DebtorBrowser) -> None:
    fields = {"outcome": "agrees", **SIGNER}
    statuses = []
    for time in range(tokens.CODES_PER_TOKEN_MAX + 1):
        with fixed_clock(NOW + time * tokens.CODE_REST):
            statuses.append(debtor.post("code", **fields)[0])
    assert statuses == [200] * tokens.CODES_PER_TOKEN_MAX + [422]
    assert len(debtor.world.mails("statement_code")) == tokens.CODES_PER_TOKEN_MAX


def test_an_answer_without_an_entered_code_is_refused(debtor: DebtorBrowser) -> None:
    for code_id in ("", "nonsense", str(UUID(int=5))):
        assert debtor.post("submit", outcome="agrees", **SIGNER, code_id=code_id)[0] == 422
    assert debtor.world.count_rows(Confirmation) == 0


def test_the_code_of_another_link_does_not_serve(debtor: DebtorBrowser, other_company: TestCompany) -> None:
    ready = debtor.enter_code(outcome="agrees", **SIGNER)
    other = mail_statement_to_debtor(world_of(other_company, APRIL_2))
    assert other.post("submit", **ready)[0] == 422
    assert other.world.count_rows(Confirmation) == 0


def _dead_links(debtor: DebtorBrowser, other: TestCompany) -> dict[str, str]:
    """Returns links that are no good, one for every reason (testcase 63)."""
    text = debtor.path.removeprefix("/p/")
    actor = debtor.world.actor(APRIL_2)
    with debtor.world.transaction() as db:
        _id, foreign_purpose = tokens.issue(
            db,
            actor,
            "receipt",
            subject_id=debtor.statement_id,
            customer_id=debtor.customer_id,
            contact_id=None,
            life=timedelta(days=1),
        )
        _id, expired = tokens.issue(
            db,
            actor,
            "statement",
            subject_id=debtor.statement_id,
            customer_id=debtor.customer_id,
            contact_id=None,
            life=timedelta(0),
        )
    # The same secret under the other company's name.
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    foreign = base64.urlsafe_b64encode(other.tenant_id.bytes + raw[16:]).rstrip(b"=").decode()
    unknown = base64.urlsafe_b64encode(raw[:16] + bytes(32)).rstrip(b"=").decode()
    nobody = base64.urlsafe_b64encode(bytes(48)).rstrip(b"=").decode()
    with debtor.world.transaction() as db:
        send_statement(db, actor, debtor.statement_id)  # closes the first link
    return {
        "revoked": text,
        "expired": expired,
        "other purpose": foreign_purpose,
        "foreign tenant": foreign,
        "unknown": unknown,
        "no such tenant": nobody,
        "malformed": "abc",
        "not ascii": "凭证",
        "cut": text[:-1],
    }


def test_every_dead_link_gets_the_same_page_for_every_method(debtor: DebtorBrowser, other_company: TestCompany) -> None:
    """Testcase 63: uniform, without data, and stored hashed."""
    bodies = set()
    ready = {"outcome": "agrees", **SIGNER}
    links = _dead_links(debtor, other_company)
    for reason, text in links.items():
        for path in ("", "/statement.pdf"):
            answer = debtor.client.get(f"/p/{text}{path}")
            assert answer.status_code == 404, reason
            bodies.add(
                re.sub(r'content="[^"]{40,}"|value="[^"]{40,}"|next" value="[^"]*"', "", answer.get_data(as_text=True))
            )
        for step in ("answer", "differences", "code", "check", "submit"):
            answer = debtor.client.post(f"/p/{text}/{step}", data=ready)
            assert answer.status_code == 404, f"{reason} {step}"
            assert "鑫晟" not in answer.get_data(as_text=True)
    assert len(bodies) == 1
    assert debtor.number not in bodies.pop()
    assert debtor.world.mails("statement_code") == []
    with debtor.world.reading() as db:
        stored = db.execute(
            sa.select(AccessToken.secret_hash).where(AccessToken.tenant_id == debtor.world.tenant_id)
        ).scalars()
        assert not any(links["revoked"] in secret or secret in links["revoked"] for secret in stored)


def test_the_first_link_is_refused_after_a_second_statement_was_issued(debtor: DebtorBrowser) -> None:
    """Testcase 64: an answer under way when the newer one is issued is refused, neutrally."""
    ready = debtor.enter_code(outcome="agrees", **SIGNER)
    newer = debtor.world.statement(debtor.customer_id)
    assert debtor.post("submit", **ready)[0] == 404
    assert debtor.client.get(debtor.path).status_code == 404
    assert debtor.world.count_rows(Confirmation) == 0
    assert newer.portal_url
    assert newer.number in debtor.client.get("/p/" + newer.portal_url.rpartition("/p/")[2]).get_data(as_text=True)


def test_a_link_opens_for_sixty_days(debtor: DebtorBrowser) -> None:
    with fixed_clock(NOW + timedelta(days=59)):
        assert debtor.client.get(debtor.path).status_code == 200
    with fixed_clock(NOW + timedelta(days=60)):
        assert debtor.client.get(debtor.path).status_code == 404


def test_posting_without_a_csrf_token_is_refused(debtor: DebtorBrowser) -> None:
    app = debtor.world.app
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        client = app.test_client()
        answer = client.post(f"{debtor.path}/code", data={"outcome": "agrees", **SIGNER})
        assert answer.status_code == 409
        page = client.get(debtor.path).get_data(as_text=True)
        fields = {"outcome": "agrees", **SIGNER, "csrf_token": hidden_field(page, "csrf_token")}
        assert client.post(f"{debtor.path}/code", data=fields).status_code == 200
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert len(debtor.world.mails("statement_code")) == 1


def test_an_english_debtor_gets_english_pages_and_copies(world: World) -> None:
    with fixed_clock(NOW):
        customer = xinsheng(world, "E1", name="Northwind GmbH", language="en", contact_name="Jane")
        world.invoice(customer, number="INV-1", on=date(2026, 3, 10), minor=140_950)
        issued = world.statement(customer)
        debtor = open_link(world, customer, issued)
        page = debtor.client.get(debtor.path).get_data(as_text=True)
        assert "One thousand four hundred nine" in page
        assert (
            debtor.client.post(f"{debtor.path}/submit", data=debtor.enter_code(outcome="agrees", **SIGNER)).status_code
            == 303
        )
        assert world.mails("statement_copy")[-1].subject.startswith("Your answer to statement")


def _count_events(world: World, kind: str) -> int:
    j = JournalEvent
    with world.reading() as db:
        return int(
            db.execute(
                sa.select(sa.func.count()).select_from(j).where(j.tenant_id == world.tenant_id, j.kind == kind)
            ).scalar_one()
        )


def _answer_messages(world: World) -> list[dict[str, object]]:
    o = OutboxMessage
    with world.reading() as db:
        return list(
            db.execute(
                sa.select(o.payload).where(o.tenant_id == world.tenant_id, o.kind == "statements.answered")
            ).scalars()
        )
