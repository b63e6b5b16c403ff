"""What a bank table does not say plainly is asked, with the row and the word; it is never taken as money in."""

# ruff: noqa: E501 - rows as banks write them
from __future__ import annotations

from typing import Any

import pytest

from ar.receipts.bank.formats.events import Event, Line, Problem, Question, Source
from ar.receipts.bank.formats.tables.targets import sample_of
from ar.receipts.bank.line_import import recognise_format
from tests.ar.receipts.bank.samples import events, lines, problems


def questions(text: str) -> list[tuple[int, str, str]]:
    """Row, code and quoted word or column of every question."""
    found = [each for each in events(text) if isinstance(each, Question)]
    return [(each.line, each.code, str(each.params.get("found") or each.params.get("column", ""))) for each in found]


def answered(text: str, **mapping: Any) -> list[Event]:
    """The events of a table read by a person's mapping."""
    data = text.encode()
    bank_format, _code, encoding = recognise_format(data, "")
    return list(bank_format.parse(Source(data, encoding, "", mapping=mapping)))


def moved(found: list[Event]) -> list[int]:
    """Signed minor units of the movements that are booked."""
    return [each.side * each.amount_minor for each in found if isinstance(each, Line) and each.status == "booked"]


def marked(*words: str, header: str = "借贷标志") -> str:
    """A table of one movement per mark."""
    rows = "".join(f"2026-11-0{at},{at}00.00,{word},甲公司,INV-{at}\n" for at, word in enumerate(words, start=1))
    return f"交易日期,交易金额,{header},对方户名,附言\n{rows}"


@pytest.mark.parametrize(
    ("into", "out"),
    [
        ("贷", "借"),
        ("贷 Cr", "借 Dr"),
        ("贷方", "借方"),
        ("H", "S"),
        ("Haben", "Soll"),
        ("C", "D"),
        ("CR", "DR"),
        ("Cr.", "Dr."),
        ("Credit.", "Debit."),
        ("CREDIT - transfer", "DEBIT - transfer"),
        ("CRDT", "DBIT"),
        ("收入", "支出"),
        ("收", "付"),
        ("来账", "往账"),
        ("转账收入", "转账支出"),
        ("他行汇入", "跨行汇出"),
        ("转入（网银）", "转出（网银）"),
        ("入账", "扣账"),
        ("+", "-"),
        ("Bij", "Af"),
        ("In", "Out"),
        ("ｃｒ", "ｄｒ"),
        ("Abono", "Cargo"),
        ("Gutschrift", "Lastschrift"),
        ("C (credit)", "D (debit)"),
    ],
)
def test_a_mark_is_known_by_its_first_word(into: str, out: str) -> None:
    text = marked(into, out)
    assert moved(events(text)) == [100_00, -200_00]
    assert questions(text) == []


@pytest.mark.parametrize("word", ["X", "转账", "J", "1", "冲正", "Überweisung", "借贷", "??", "客户付款方式", "n/a"])
def test_an_unknown_mark_is_a_problem_of_its_row_and_a_question_about_the_file(word: str) -> None:
    text = marked("贷", word)
    assert moved(events(text)) == [100_00]
    assert problems(text) == [(3, "unknown_mark")]
    assert questions(text) == [(3, "unknown_mark", word)]


def test_the_same_unknown_word_is_asked_once() -> None:
    assert len(questions(marked("贷", "X", "X", "X"))) == 1
    assert len(problems(marked("贷", "X", "X", "X"))) == 3


def test_a_row_without_a_mark_is_named_and_not_money() -> None:
    text = marked("贷", "")
    assert moved(events(text)) == [100_00]
    assert problems(text) == [(3, "no_side")]


def test_a_payment_out_is_never_the_receipt_of_the_invoice_that_it_names() -> None:
    text = "交易日期,交易金额,交易类型,对方户名,附言\n2026-11-02,300.00,转账支出,甲公司,退货 INV-7001\n"
    assert moved(events(text)) == [-300_00]


@pytest.mark.parametrize("header", ["交易类型", "Type", "业务类型"])
def test_kinds_of_business_that_say_no_direction_are_asked(header: str) -> None:
    text = marked("转账", "消费", header=header)
    assert [code for _row, code, _word in questions(text)] == ["direction_unclear"]


def test_kinds_of_business_beside_signed_amounts_are_only_text() -> None:
    text = marked("转账", "消费", header="交易类型").replace("200.00", "-200.00")
    assert moved(events(text)) == [100_00, -200_00]
    assert questions(text) == []


def test_an_unknown_column_of_directions_is_asked() -> None:
    assert questions(marked("收款", "付款", header="款项性质")) == [(0, "mark_column_unknown", "款项性质")]


def test_a_person_says_what_a_mark_means() -> None:
    text = marked("J", "D.C.", "W", "Y")
    found = answered(text, marks={"J": "in", "D.C.": "out", "W": "pending", "Y": "skip"})
    assert moved(found) == [100_00, -200_00]
    assert [each.status for each in found if isinstance(each, Line)] == ["booked", "booked", "pending"]
    assert [each.code for each in found if isinstance(each, Problem)] == ["not_money"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("交易成功", "booked"),
        ("已入账", "booked"),
        ("Completed", "booked"),
        ("处理中", "pending"),
        ("Pending", "pending"),
        ("等待付款", "pending"),
        ("交易关闭", ""),
        ("失败", ""),
        ("FAILED", ""),
        ("Reverted", ""),
    ],
)
def test_a_row_that_is_not_booked_is_not_money(state: str, status: str) -> None:
    text = (
        f"交易日期,收入金额,支出金额,交易状态,对方户名\n2026-11-02,100.00,,{state},甲\n2026-11-03,50.00,,交易成功,乙\n"
    )
    found = events(text)
    assert [each.status for each in found if isinstance(each, Line)] == [*([status] if status else []), "booked"]
    assert problems(text) == ([] if status else [(2, "not_money")])


def test_what_is_announced_without_a_day_is_left_out_and_said() -> None:
    text = "Completed Date,Amount,State,Description\n2026-11-02,100.00,COMPLETED,x\n,-5.00,PENDING,shop\n"
    assert moved(events(text)) == [100_00]
    assert problems(text) == [(3, "not_booked_yet")]


def test_an_unknown_state_is_asked_and_a_person_answers() -> None:
    text = "交易日期,收入金额,支出金额,状态,对方户名\n2026-11-02,100.00,,甲类,甲\n"
    assert moved(events(text)) == []
    assert questions(text) == [(2, "unknown_status", "甲类")]
    assert moved(answered(text, marks={"甲类": "booked"})) == [100_00]
    assert moved(answered(text, marks={"甲类": "skip"})) == []


@pytest.mark.parametrize("mark", ["不计收支", "/", "中性交易"])
def test_what_is_neither_in_nor_out_is_left_out_and_said(mark: str) -> None:
    text = marked("贷", mark)
    assert moved(events(text)) == [100_00]
    assert problems(text) == [(3, "not_money")]
    assert questions(text) == []


@pytest.mark.parametrize(
    ("into", "out"),
    [
        ("存入", "支出"),
        ("交易金额(收入)", "交易金额(支出)"),
        ("记账金额（收入）", "记账金额（支出）"),
        ("收入（元）", "支出（元）"),
        ("贷方发生额/元(收入)", "借方发生额/元(支取)"),
        ("Amount (Credit)", "Amount (Debit)"),
        ("Credit Amount", "Debit Amount"),
        ("转入额", "转出额"),
        ("Paid in", "Paid out"),
        ("Haben", "Soll"),
        ("存入金額", "支出金額"),
        ("貸方發生額", "借方發生額"),
    ],
)
def test_two_columns_of_amounts_are_known_in_many_spellings(into: str, out: str) -> None:
    text = f"日期,{into},{out},对方户名\n2026-11-02,100.00,,甲\n2026-11-03,,40.00,乙\n"
    assert moved(events(text)) == [100_00, -40_00]
    assert (problems(text), questions(text)) == ([], [])


@pytest.mark.parametrize(
    ("into", "other"), [("存入", "减少数"), ("收入金额", "开支金额"), ("Credit", "Charged"), ("贷方", "另一方")]
)
def test_one_known_and_one_unknown_column_of_amounts_is_a_question(into: str, other: str) -> None:
    text = f"日期,{into},{other},对方户名\n2026-11-02,100.00,,甲\n2026-11-03,,40.00,乙\n"
    assert (0, "amount_column_unknown", other) in questions(text)
    told = answered(text, columns={"in": into, "out": other})
    assert moved(told) == [100_00, -40_00]


def test_an_empty_amount_is_not_zero() -> None:
    text = "日期,收入金额,支出金额,对方户名\n2026-11-02,,,甲\n2026-11-03,0.00,,乙\n2026-11-04,5.00,,丙\n"
    assert problems(text) == [(2, "amount_missing"), (3, "nothing_moved")]
    assert [each[:2] for each in questions(text)] == [(2, "amount_missing")]
    assert moved(events(text)) == [5_00]


def test_a_lone_column_of_payments_is_asked_whose_side_it_is() -> None:
    text = "日期,付款金额,对方户名\n2026-11-02,100.00,甲\n"
    assert [code for _row, code, _word in questions(text)] == ["amount_column_unknown"]


def test_signs_that_the_running_balance_contradicts_are_asked() -> None:
    text = "日期,金额,余额,对方户名\n2026-11-01,-100.00,1100.00,甲\n2026-11-02,-50.00,1150.00,乙\n2026-11-03,30.00,1120.00,丙\n"
    assert [code for _row, code, _word in questions(text)] == ["signs_against_balance"]
    assert moved(answered(text, sign="in_negative")) == [100_00, 50_00, -30_00]


@pytest.mark.parametrize(
    "text",
    [
        "日期,借方金额,贷方金额,余额,摘要\n2026-11-01,100.00,,1100.00,INV-1\n2026-11-02,,50.00,1050.00,电费\n",
        "日期,借/贷,金额,余额,摘要\n2026-11-01,借,100.00,1100.00,INV-1\n2026-11-02,贷,50.00,1050.00,电费\n",
        "日期,借/贷,金额,余额,摘要\n2026-11-02,贷,50.00,1050.00,电费\n2026-11-01,借,100.00,1100.00,INV-1\n",
    ],
)
def test_a_companys_own_books_whose_debit_is_money_in_are_asked(text: str) -> None:
    """A cash book exported from accounting software is the mirror of the bank's statement."""
    assert [code for _row, code, _word in questions(text)] == [
        "columns_against_balance" if "借方" in text else "marks_against_balance"
    ]
    told: dict[str, Any] = (
        {"columns": {"in": "借方金额", "out": "贷方金额"}} if "借方" in text else {"marks": {"借": "in", "贷": "out"}}
    )
    assert sorted(moved(answered(text, **told))) == [-50_00, 100_00]


def test_amounts_without_a_sign_by_which_the_balance_rises_and_falls_are_asked() -> None:
    text = "日期,金额,余额,对方户名\n2026-11-01,100.00,1100.00,甲\n2026-11-02,50.00,1150.00,乙\n2026-11-03,30.00,1120.00,丙\n"
    assert [code for _row, code, _word in questions(text)] == ["direction_unclear"]


def test_a_minus_in_the_column_of_money_out_is_money_out_where_the_balance_says_so() -> None:
    text = "日期,收入,支出,余额,对方户名\n2026-11-01,100.00,,1100.00,甲\n2026-11-02,,-50.00,1050.00,乙\n"
    assert moved(events(text)) == [100_00, -50_00]
    assert [each[1] for each in questions(text.replace(",1100.00", ",").replace(",1050.00", ","))] == [
        "out_all_negative"
    ]


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (("13/11/2026", "02/11/2026"), "2026-11-13"),
        (("11/13/2026", "11/02/2026"), "2026-11-13"),
        (("02.11.26", "03.11.26"), "2026-11-02"),
    ],
)
def test_a_date_order_that_the_column_proves_is_used(days: tuple[str, str], first: str) -> None:
    text = "Date,Amount,Description\n" + "".join(f"{day},-1.00,x\n" for day in days)
    assert lines(text)[0].booked_on.isoformat() == first
    assert questions(text) == []


def test_a_date_order_that_nothing_proves_is_asked_and_answered() -> None:
    text = "Date,Amount,Description\n02/11/2026,-1.00,x\n"
    assert questions(text) == [(0, "date_order_unclear", "Date")]
    assert [each.booked_on.isoformat() for each in answered(text, date_order="dmy") if isinstance(each, Line)] == [
        "2026-11-02"
    ]


def test_a_table_of_unknown_headers_is_asked_and_read_by_a_mapping() -> None:
    text = "Tag;Was;Wieviel;Wer\n02.11.2026;RE-1;1.500,00;Kunde AG\n03.11.2026;Strom;-200,00;Stadtwerke\n"
    assert questions(text) == [(0, "columns_unknown", "")]
    told = answered(
        text, columns={"booked_on": "Tag", "amount": "Wieviel", "text": "Was", "name": "Wer"}, sign="in_positive"
    )
    assert moved(told) == [1_500_00, -200_00]
    (first, _second) = (each for each in told if isinstance(each, Line))
    assert (first.payer_name, first.remittance) == ("Kunde AG", "RE-1")


def test_the_decimal_mark_is_told_where_the_rows_do_not_prove_it() -> None:
    text = "日期,金额,附言\n2026-11-02,-1.500,x\n"
    assert problems(text) == [(2, "ambiguous_amount")]
    assert moved(answered(text, decimal_mark=",")) == [-1_500_00]
    assert moved(answered(text, decimal_mark=".")) == [-1_50]


def test_rows_and_values_to_pass_over_are_passed_over() -> None:
    text = marked("贷", "借", "借")
    assert moved(answered(text, skip_rows=[3])) == [100_00, -300_00]
    assert moved(answered(text, skip_when={"借贷标志": ["借"]})) == [100_00]


def test_a_number_that_a_spreadsheet_has_shortened_is_refused_with_its_column() -> None:
    text = "日期,金额,对方账号,附言\n2026-11-02,-1.00,6.22202E+18,INV-1\n2026-11-03,-1.00,622202,2.4952E+19\n"
    found = [each for each in events(text) if isinstance(each, Problem)]
    assert [(each.line, each.code, each.params["column"], each.lost) for each in found] == [
        (2, "number_shortened", "对方账号", True),
        (3, "number_shortened", "附言", True),
    ]
    assert lines(text) == []


def test_an_account_number_behind_an_apostrophe_is_the_number() -> None:
    text = "日期,金额,对方账号,附言\n2026-11-02,-1.00,'00622202,INV-1\n"
    assert [each.payer_account for each in lines(text)] == ["00622202"]


def test_a_balance_brought_forward_and_a_footer_are_no_movements() -> None:
    text = (
        "日期,收入,支出,余额,摘要\n2026-11-01,,,1000.00,期初余额\n2026-11-02,100.00,,1100.00,INV-1\n"
        "本月合计,100.00,0.00,,\n总笔数,1,,,\n1,100.00,,,\n"
    )
    assert moved(events(text)) == [100_00]
    assert (problems(text), questions(text)) == ([], [])


@pytest.mark.parametrize("header", ["金额", "交易金额", "Amount", "Betrag"])
@pytest.mark.parametrize("rows", [1, 3])
def test_unsigned_amounts_that_nothing_says_the_direction_of_are_asked(header: str, rows: int) -> None:
    """A list of payments out looks the same as a list of receipts."""
    text = f"日期,{header},对方户名,摘要\n" + "".join(f"2026-11-0{n},{n}00.00,甲,INV-{n}\n" for n in range(1, rows + 1))
    assert [code for _row, code, _word in questions(text)] == ["direction_unclear"]
    assert moved(answered(text, sign="in_positive")) == [n * 100_00 for n in range(1, rows + 1)]
    assert moved(answered(text, sign="in_negative")) == [-n * 100_00 for n in range(1, rows + 1)]
    assert questions(text.replace("100.00", "+100.00")) == []


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (
            (
                "2026-11-30,1200.00,,8801200.00,嘉禾电器有限公司,Q-1002 货款及运费",
                "2026-11-30,,300.00,8800900.00,某物业公司,租金",
                "2026-12-01,8000.00,,8808900.00,嘉禾电器有限公司,付Q-1002",
            ),
            {0: "booked_on", 1: "in", 2: "out", 3: "balance", 4: "name", 5: "text"},
        ),
        (
            (
                '01.12.2026;8.000,00;"8.808.900,00";Kunde AG;RE-1002',
                '30.11.2026;-300,00;"8.800.900,00";Hausverwaltung GmbH;Miete November',
                '30.11.2026;1.200,00;"8.801.200,00";Kunde AG;RE-1001',
            ),
            {0: "booked_on", 1: "amount", 2: "balance", 3: "name", 4: "text"},
        ),
    ],
)
def test_a_file_without_headers_is_guessed_by_its_running_balance(
    rows: tuple[str, ...], columns: dict[int, str]
) -> None:
    sample = sample_of("\n".join(rows).encode(), "export.csv")
    assert {each.place: each.target for each in sample.guesses} == columns
    assert {each.confidence for each in sample.guesses} == {"likely"}  # a person looks at each
