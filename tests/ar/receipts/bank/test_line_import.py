"""Bank files in the books: nothing twice, nothing lost, whoever uploads what and when; what is unknown is asked."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import count
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank import jobs as bank_jobs
from ar.receipts.bank import queries as bank_queries
from ar.receipts.bank.inputs import AssignAccount, BankUpload, ChangeBankAccount, SaveBankAccount, SetAside
from ar.receipts.models import BankFile, BankLine
from kernel import outbox
from kernel.errors import Conflict, NotFound, RuleBroken
from tests.ar.receipts.bank.samples import CAMT_02, MT940, camt, entry
from tests.support.companies import TestCompany

DAY = date(2026, 11, 20)
IBAN = "DE89370400440532013000"
NUMBERS = count(622_202_100_000)


def account(company: TestCompany, number: str = "6222021001116245", currency: str = "CNY") -> UUID:
    """One of our bank accounts."""
    with company.transaction() as db:
        data = SaveBankAccount(name=f"户{number[-4:]}", account_no=number, currency=currency)
        return bank_accounts.add_account(db, company.actor(DAY), data)


def upload(company: TestCompany, data: bytes | str, chosen: UUID | None = None) -> tuple[UUID, str]:
    """Uploads and reads a file as the shell does; its id and its state."""
    content = data.encode() if isinstance(data, str) else data
    with company.transaction() as db:
        actor = company.actor(DAY)
        file_id, _new = bank_files.upload(db, actor, BankUpload("对账单.txt", content, chosen), schedule=False)
        return file_id, bank_files.parse_file(db, actor, file_id)


def page(company: TestCompany, file_id: UUID) -> bank_queries.FilePage:
    """What the file's page shows."""
    with company.reading() as db:
        return bank_queries.file_page(db, company.tenant_id, file_id)


def rows(company: TestCompany) -> list[tuple[date, int, str]]:
    """All lines: day, signed minor units, remittance."""
    b = BankLine
    with company.reading() as db:
        found = db.execute(
            sa.select(b.booked_on, b.side * b.amount_minor, b.remittance).where(b.tenant_id == company.tenant_id)
        ).all()
    return sorted((row[0], row[1], row[2]) for row in found)


def table(movements: Iterable[tuple[date, int, str]]) -> str:
    """A CSV with these movements; a remark keeps two files of the same movements apart."""
    body = "".join(f"{on.isoformat()},{minor / 100:+.2f},{text}\n" for on, minor, text in movements)
    return "交易日期,交易金额,附言\n" + body


TWINS = [(date(2026, 11, 2), 100_00, "货款"), (date(2026, 11, 2), 100_00, "货款"), (date(2026, 11, 3), 50_00, "INV-1")]


def test_the_same_file_twice_adds_nothing_and_is_one_file(company: TestCompany) -> None:
    """Testcase 18: two identical rows are two, and stay two."""
    chosen = account(company)
    first, state = upload(company, table(TWINS), chosen)
    again, _state = upload(company, table(TWINS), chosen)
    assert state == "read"
    assert again == first
    assert Counter(rows(company)) == Counter(TWINS)


def test_the_same_lines_in_another_file_are_known(company: TestCompany) -> None:
    chosen = account(company)
    upload(company, table(TWINS), chosen)
    other, _state = upload(company, table(TWINS) + "\n", chosen)
    shown = page(company, other)
    assert (shown.lines_total, shown.lines_new, shown.lines_known) == (3, 0, 3)
    assert len(rows(company)) == 3


def test_a_file_with_one_more_identical_row_adds_that_one(company: TestCompany) -> None:
    chosen = account(company)
    upload(company, table(TWINS[:1]), chosen)
    second, _state = upload(company, table(TWINS), chosen)
    assert page(company, second).lines_new == 2
    assert Counter(rows(company)) == Counter(TWINS)


def test_csv_in_two_encodings_is_the_same_movements(company: TestCompany) -> None:
    chosen = account(company)
    upload(company, table(TWINS).encode("utf-8-sig"), chosen)
    upload(company, table(TWINS).encode("gb18030"), chosen)
    assert len(rows(company)) == 3


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_overlapping_files_of_whole_days_give_each_movement_once(company: TestCompany, data: st.DataObject) -> None:
    """Days are downloaded in any ranges, in any order, repeatedly: the books hold exactly what the bank booked."""
    number = str(next(NUMBERS))  # an account of its own for each example: the books keep what came before
    chosen = account(company, number)
    start = date(2026, 10, 1)
    kinds = st.tuples(st.integers(0, 6), st.sampled_from([100, 200, -100]), st.sampled_from(["a", "b"]))
    drawn = data.draw(st.lists(kinds, min_size=1, max_size=14))
    truth = sorted((start + timedelta(days=on), minor, text) for on, minor, text in drawn)
    ranges = data.draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=5))
    files = [(min(pair), max(pair)) for pair in ranges]
    files = data.draw(st.permutations([*files, (0, 2), (2, 6)]))
    for nth, (first, last) in enumerate(files):
        part = [each for each in truth if start + timedelta(days=first) <= each[0] <= start + timedelta(days=last)]
        if part:
            upload(company, f"账号：{number}\n" + table(part) + "\n" * nth)
    b = BankLine
    with company.reading() as db:
        mine = sa.select(b.booked_on, b.side * b.amount_minor, b.remittance).where(
            b.tenant_id == company.tenant_id, b.bank_account_id == chosen
        )
        assert sorted(tuple(row) for row in db.execute(mine)) == truth


def test_the_same_file_uploaded_by_many_at_once_is_read_once(company: TestCompany) -> None:
    chosen = account(company)
    outcomes: list[str] = []

    def one() -> None:
        outcomes.append(upload(company, table(TWINS), chosen)[1])

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["read"] * 6
    assert Counter(rows(company)) == Counter(TWINS)


def test_overlapping_files_read_at_once_double_nothing(company: TestCompany) -> None:
    chosen = account(company)
    many = [(date(2026, 10, 1) + timedelta(days=n % 20), 100 + n, f"INV-{n}") for n in range(300)]
    parts = [many[:200], many[100:], list(reversed(many)), many[50:250]]
    states: list[str] = []
    threads = [
        threading.Thread(target=lambda part=part: states.append(upload(company, table(part), chosen)[1]))  # type: ignore[misc]
        for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["read"] * 4
    assert rows(company) == sorted(many)


def test_opening_plus_lines_is_compared_with_the_closing_balance(company: TestCompany) -> None:
    account(company, IBAN, "EUR")
    good, _state = upload(company, camt("02", entry("10.00"), "5.00", "15.00"))
    bad, _state = upload(company, camt("02", entry("10.00"), "5.00", "16.00"))
    assert [each["off_minor"] for each in page(company, good).statements] == [0]
    assert [each["off_minor"] for each in page(company, bad).statements] == [100]
    assert [each["code"] for each in page(company, bad).problems] == ["balance_differs"]


def test_what_cannot_be_read_is_named_and_the_rest_is_in_the_books(company: TestCompany) -> None:
    account(company, "50880050/0194774600888", "EUR")
    file_id, state = upload(company, MT940)
    shown = page(company, file_id)
    assert (state, shown.lines_new, shown.lines_bad) == ("read", 3, 1)
    assert (shown.problems[0]["line"], shown.problems[0]["code"]) == (11, "no_such_day")


def test_an_unknown_account_is_asked_for_and_nothing_is_added_until_then(company: TestCompany) -> None:
    other = account(company, "DE00000000000000000001", "EUR")
    file_id, state = upload(company, CAMT_02)
    assert (state, rows(company)) == ("asking", [])
    with company.transaction() as db:
        told = AssignAccount(account_no=IBAN, currency="EUR", bank_account_id=other)
        bank_files.assign_account(db, company.actor(DAY), file_id, told)
        assert bank_files.parse_file(db, company.actor(DAY), file_id) == "read"
    assert [minor for _on, minor, _text in rows(company)] == [100_00, 200_00]
    # What was said once holds for the next file that names this account.
    assert upload(company, CAMT_02.replace(b"2026-11-02", b"2026-11-05"))[1] == "read"


def test_an_account_kept_in_another_currency_is_not_taken(company: TestCompany) -> None:
    dollars = account(company, IBAN, "USD")
    file_id, state = upload(company, CAMT_02)
    assert state == "asking"
    assert page(company, file_id).accounts[0]["why_not"] == "currency"
    with company.transaction() as db, pytest.raises(RuleBroken, match="bank_account_other_currency"):
        told = AssignAccount(account_no=IBAN, currency="EUR", bank_account_id=dollars)
        bank_files.assign_account(db, company.actor(DAY), file_id, told)


def test_a_chosen_account_does_not_swallow_a_file_of_two_unknown_ones(company: TestCompany) -> None:
    chosen = account(company)
    text = "交易日期,交易金额,账号,附言\n2026-11-02,+1.00,111111,a\n2026-11-02,+2.00,222222,b\n"
    file_id, state = upload(company, text, chosen)
    assert state == "asking"
    assert rows(company) == []
    assert [bool(each["bank_account_id"]) for each in page(company, file_id).accounts] == [True, False]


def test_a_file_of_which_nothing_can_be_read_is_refused_with_its_lines(company: TestCompany) -> None:
    text = MT940.split(":61:")[0] + ":61:2602300301C6,00N024NONREF\n:62F:C261104EUR1006,00\n-}\n"
    file_id, state = upload(company, text)
    shown = page(company, file_id)
    assert state == "refused"
    assert [each["code"] for each in shown.problems] == ["bank_file_nothing_readable", "no_such_day", "balance_differs"]


def test_a_file_that_breaks_off_is_read_up_to_there(company: TestCompany) -> None:
    account(company, IBAN, "EUR")
    filling = "<!-- " + "x" * 70_000 + " -->"
    whole = camt("02", entry("10.00") + filling + entry("20.00"))
    file_id, state = upload(company, whole[: whole.rindex(b"<Ntry>") + 20])
    shown = page(company, file_id)
    assert (state, shown.lines_new) == ("read", 1)
    assert "bank_file_damaged" in [each["code"] for each in shown.problems]


def test_the_job_reads_once_and_asks_for_matching(company: TestCompany) -> None:
    chosen = account(company)
    with company.transaction() as db:
        actor = company.actor(DAY)
        file_id, _new = bank_files.upload(db, actor, BankUpload("a.csv", table(TWINS).encode(), chosen))
    for _again in range(2):
        with company.transaction() as db:
            bank_jobs.parse_file_job(db, company.actor(DAY), {"bank_file_id": str(file_id)})
    assert (page(company, file_id).lines_new, len(rows(company))) == (3, 3)
    o = outbox.OutboxMessage
    with company.reading() as db:
        found = db.execute(sa.select(o.kind, o.payload).where(o.tenant_id == company.tenant_id).order_by(o.kind)).all()
    assert [tuple(row) for row in found] == [
        ("receipts.match", {"bank_file_id": str(file_id)}),
        ("receipts.read_file", {"bank_file_id": str(file_id)}),
    ]


def test_a_reading_that_is_killed_leaves_nothing_and_starts_over(company: TestCompany) -> None:
    class Killed(BaseException):
        pass

    def killed(_lines: int) -> None:
        raise Killed

    chosen = account(company)
    many = [(date(2026, 10, 1), 100 + n, f"INV-{n}") for n in range(2_500)]
    with company.transaction() as db:
        upload_ = BankUpload("a.csv", table(many).encode(), chosen)
        file_id, _new = bank_files.upload(db, company.actor(DAY), upload_, schedule=False)
    with pytest.raises(Killed), company.transaction() as db:
        bank_files.parse_file(db, company.actor(DAY), file_id, killed)
    assert (rows(company), page(company, file_id).state) == ([], "reading")
    with company.transaction() as db:
        assert bank_files.parse_file(db, company.actor(DAY), file_id) == "read"
    assert len(rows(company)) == 2_500


def test_a_line_that_is_no_customers_money_is_set_aside_and_taken_back(company: TestCompany) -> None:
    upload(company, table(TWINS), account(company))
    b = BankLine
    with company.reading() as db:
        line_id = db.execute(sa.select(b.id).where(b.tenant_id == company.tenant_id).limit(1)).scalar_one()
    for expected in ("set_aside", "open"):
        with company.transaction() as db:
            if expected == "set_aside":
                bank_files.set_aside(db, company.actor(DAY), line_id, SetAside(reason="自有账户转账"))
            else:
                bank_files.reopen_line(db, company.actor(DAY), line_id)
        with company.reading() as db:
            assert bank_queries.line(db, company.tenant_id, line_id).state == expected


def test_what_the_bank_said_cannot_be_changed(company: TestCompany) -> None:
    upload(company, table(TWINS), account(company))
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), company.transaction() as db:
        db.execute(sa.update(BankLine).where(BankLine.tenant_id == company.tenant_id).values(amount_minor=1))


def test_an_account_is_kept_once_per_currency_and_its_currency_stays(company: TestCompany) -> None:
    first = account(company, "6222 0210-0111", "CNY")
    with company.transaction() as db, pytest.raises(Conflict, match="bank_account_known"):
        bank_accounts.add_account(db, company.actor(DAY), SaveBankAccount(name="B", account_no="622202100111"))
    account(company, "622202100111", "USD")
    with company.transaction() as db, pytest.raises(RuleBroken, match="bank_account_currency"):
        changed = ChangeBankAccount(name="B", account_no="622202100111", currency="EUR")
        bank_accounts.change_account(db, company.actor(DAY), first, changed)


def test_a_file_of_another_company_does_not_exist(company: TestCompany, other_company: TestCompany) -> None:
    foreign = account(other_company)
    file_id, _state = upload(other_company, table(TWINS), foreign)
    with company.transaction() as db, pytest.raises(NotFound):
        bank_files.parse_file(db, company.actor(DAY), file_id)
    with pytest.raises(NotFound):
        upload(company, table(TWINS), foreign)
    assert page(other_company, upload(other_company, table(TWINS), foreign)[0]).lines_new == 3
    with company.reading() as db:
        mine = sa.select(sa.func.count()).select_from(BankFile).where(BankFile.tenant_id == company.tenant_id)
        assert db.execute(mine).scalar_one() == 0
