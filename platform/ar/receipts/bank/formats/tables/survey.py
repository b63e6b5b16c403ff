"""Surveys the rows of a table once before they are read: how its amounts, signs, marks and dates are written.

Invariant: what the rows do not prove is asked, never assumed: which column is the amount, which way it moved, which
part of a date is the month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from ar.receipts.bank.formats.events import Question, quoted
from ar.receipts.bank.formats.tables import names, words
from ar.receipts.bank.formats.tables.counts import NO_ROW, NOTHING, Balance, Counts, short_year
from ar.receipts.bank.formats.tables.layout import Layout, is_doubtful, is_other_money, plain, profile_of
from kernel.money import BadAmount, parse_amount
from kernel.sheets import BadDate, DateOrder, Row, Table, parse_date
from kernel.sheets.mapping import ColumnMapping, DecimalMark

Way = Literal["columns", "mark", "sign", "status"]

#: A currency with four decimals: in it the figures of every currency are compared.
_SCALE: Final = "CLF"
#: Words that begin the rows under a table, between which figures stand without a day.
FOOTER = re.compile(
    r"合\s*计|总\s*计|小\s*计|共\s*计|总笔数|笔数|总金额|总额|汇总|制表|制单|审核|复核|经办|打印|导出|下载|查询时间|截止|说明|提示|注[:：]"
    r"|^#|^-{3,}|^={3,}|^\d+\s*[收支笔]|\btotals?\b|\bsumme?\b|\bsum\b|end of (?:file|report|statement)",
    re.IGNORECASE,
)
#: A row of a balance, which stands between movements and is none.
BALANCE_ROW = re.compile(
    r"期初|期末|上期|本期余额|上日余额|承前|承上|结转余额"
    r"|(?:opening|closing|beginning|starting|ending) balance|balance as of"
    r"|(?:brought|carried) forward"
    r"|kontostand|turnover|saldo początkowe|saldo końcowe"
    r"|anfangssaldo|endsaldo|saldovortrag|abschlusssaldo|solde (?:initial|final|précédent)"
    r"|saldo (?:inicial|final|anterior)",
    re.IGNORECASE,
)
#: A column with more different words than this is no column of marks.
MAX_WORDS: Final = 40


@dataclass(slots=True)
class Survey:
    """How the rows of a table are written.

    `way`: what says the direction: two columns, a mark, the sign of the amount, or the status of a bill.
    `out_is_negative`: money out is written with a minus in its own column. `reference_is_id`: the bank's reference is
    another one in every row. `status_at`: a column whose words are states, under a header that does not say so.
    """

    way: Way = "sign"
    decimal_mark: DecimalMark | None = None
    date_order: DateOrder | None = None
    out_is_negative: bool = False
    reference_is_id: bool = False
    has_status: bool = False
    status_at: int | None = None
    questions: list[Question] = field(default_factory=list)

    def ask(self, code: str, **params: str) -> None:
        """Adds a question about the table."""
        self.questions.append(Question(0, code, params))


def survey(table: Table, layout: Layout, mapping: ColumnMapping | None) -> Survey:
    """Reads the rows once and returns how they are written, with the questions that they leave open.

    Raises TableRefused as the rows do.
    """
    counts = Counts(layout)
    for row in data_rows(table):
        counts.add(row.cells)
    status_at = None if "status" in layout.at else _hidden_status(counts)
    found = Survey(
        decimal_mark=_decimal_mark(counts, mapping),
        reference_is_id=counts.reference_rows > 0
        and len(counts.references) == counts.reference_rows
        and plain(layout.header_of("reference")) not in names.NOT_IDS,
        has_status=status_at is not None or ("status" in layout.at and len(counts.states) <= MAX_WORDS),
        status_at=status_at,
    )
    _decide_dates(found, counts, mapping)
    _decide_way(found, counts, layout, mapping)
    return found


def _hidden_status(counts: Counts) -> int | None:
    """Returns a column of which all words are states and some say that no money moved yet: "Umsatz vorgemerkt"."""
    for place, counter in counts.others.items():
        states = {words.state_of(word) for word in counter}
        if len(counter) <= MAX_WORDS and None not in states and states & {"pending", "skip"}:
            return place
    return None


def data_rows(table: Table) -> Iterator[Row]:
    """Yields the rows that may be movements: no totals, signatures or headings of groups."""
    for row in table.rows():
        if not row.reason:
            yield row


def _decimal_mark(counts: Counts, mapping: ColumnMapping | None) -> DecimalMark | None:
    if mapping and mapping.decimal_mark:
        return mapping.decimal_mark
    # "12,50" proves a decimal comma where nothing in the file proves a point; where both stand, each cell is doubtful.
    return "," if counts.commas and not counts.points else None


def _decide_dates(found: Survey, counts: Counts, mapping: ColumnMapping | None) -> None:
    if mapping and mapping.date_order:
        found.date_order = mapping.date_order
    elif order := names.DATE_ORDERS.get(profile_of(counts.layout.headers)):
        found.date_order = order
    elif counts.day_first and not counts.month_first:
        found.date_order = "dmy"
    elif counts.month_first and not counts.day_first:
        found.date_order = "mdy"
    elif counts.either and counts.dotted and not counts.month_first:
        found.date_order = "dmy"  # 02.01.2026: with points the day comes first everywhere
    elif counts.either:
        found.ask("date_order_unclear", column=counts.layout.header_of("booked_on"))
    if counts.rows and not counts.days:
        found.ask("date_column_unclear", column=counts.layout.header_of("booked_on"))


def _decide_way(found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None) -> None:
    told = mapping is not None and bool({"in", "out", "amount"} & mapping.columns.keys())
    if not layout.has_amounts or "booked_on" not in layout.at:
        found.ask("columns_unknown")
        return
    if layout.by_status is not None:
        found.way = "status"
        return
    both = "in" in layout.at and "out" in layout.at
    if both or "amount" not in layout.at:
        found.way = "columns"
        if not both and not told:
            _ask_for_the_other_column(found, counts, layout)
        if "out" in layout.at:
            _decide_negative_out(found, counts, layout, mapping)
        if both and not told:
            _ask_if_against_balance(found, counts, layout, mapping, "out")
        return
    found.way = _way_of_one_amount(found, counts, layout, mapping)
    if found.way == "mark" and not told and not (mapping and mapping.marks):
        _ask_if_against_balance(found, counts, layout, mapping, "mark")


def _ask_for_the_other_column(found: Survey, counts: Counts, layout: Layout) -> None:
    """Asks where only money in, or only money out, has a column that is known and another column may be the other."""
    for place in layout.unknown:
        header = layout.headers[place]
        if is_doubtful(header) or (counts.money_cells[place] and not is_other_money(header)):
            found.ask("amount_column_unknown", column=quoted(header))
            return
    name = "in" if "in" in layout.at else "out"
    stem = plain(layout.header_of(name)).removesuffix("金额")
    if stem in names.PAIRED_ONLY:
        found.ask("amount_column_unknown", column=quoted(layout.header_of(name)))


def _decide_negative_out(found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None) -> None:
    """Decides whether money out is written with a minus in its own column, or a minus there takes money back."""
    if layout.out_is_negative:
        found.out_is_negative = True
    elif counts.out_negative and not counts.out_positive:
        told = mapping.sign if mapping else None
        steps = _balance_agreement(found, counts, layout, mapping)
        if told in ("in_positive", "in_negative"):
            found.out_is_negative = told == "in_positive"
        elif steps.against != steps.with_signs:
            found.out_is_negative = steps.against > steps.with_signs
        else:
            found.ask("out_all_negative", column=layout.header_of("out"))


def _way_of_one_amount(found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None) -> Way:
    known = [word for word in counts.marks if (mapping and mapping.mark_of(word)) or mark_of(word, layout)]
    if "mark" in layout.at and not layout.is_weak_mark:
        return "mark"
    if known and not counts.signed:
        return "mark"
    if mapping and mapping.sign in ("in_positive", "in_negative"):
        return "sign"
    steps = _balance_agreement(found, counts, layout, mapping)
    if steps.against and not steps.with_signs:
        _ask_against_balance(found, steps, layout, "amount")
    elif not counts.signed and steps.against:
        found.ask("direction_unclear", column=layout.header_of("amount"))
    elif not counts.signed and not steps.with_signs:
        suspect = _unknown_mark_column(counts, layout)
        if suspect:
            found.ask("mark_column_unknown", column=quoted(suspect))
        elif layout.is_weak_mark and counts.marks and len(counts.marks) <= MAX_WORDS:
            found.ask("direction_unclear", column=layout.header_of("mark"))
        elif counts.positive:
            # Not a mark, a sign or a balance says that money came in: a list of payments looks the same.
            found.ask("direction_unclear", column=layout.header_of("amount"))
    return "sign"


def _ask_if_against_balance(
    found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None, name: str
) -> None:
    """Asks where the balance moves against what columns or marks say: a company's own books write 借 for money in."""
    steps = _balance_agreement(found, counts, layout, mapping)
    if steps.against and not steps.with_signs:
        _ask_against_balance(found, steps, layout, name)


def _ask_against_balance(found: Survey, steps: _Agreement, layout: Layout, name: str) -> None:
    """Asks with the first row that shows it: what it says, and from what to what its balance goes."""
    before, moved = steps.example or (NO_ROW, NO_ROW)
    shown = {"day": quoted(moved.when), "before": quoted(before.balance), "after": quoted(moved.balance)}
    if name == "mark":
        found.ask("marks_against_balance", column=layout.header_of(name), word=quoted(moved.mark), **shown)
    elif name == "amount":
        found.ask("signs_against_balance", column=layout.header_of(name), amount=quoted(moved.amount), **shown)
    else:
        side = "out" if moved.money_out.casefold() not in NOTHING and moved.money_out.strip("0.,-") else "in"
        amount = moved.money_out if side == "out" else moved.money_in
        found.ask("columns_against_balance", column=layout.header_of(side), amount=quoted(amount), **shown)


def mark_of(word: str, layout: Layout) -> str | None:
    """Returns what a mark says: the words of this very export first."""
    return layout.marks.get(word) or words.direction_of(word)


def _unknown_mark_column(counts: Counts, layout: Layout) -> str:
    """Returns the header of an unknown column whose few words are all directions, an empty text without one."""
    for place, counter in counts.others.items():
        if 1 <= len(counter) <= MAX_WORDS and all(words.direction_of(word) in ("in", "out") for word in counter):
            return layout.headers[place]
    return ""


def _steps(found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None) -> Iterator[_Step]:
    """Yields each pair of neighbouring rows with the rise of the balance and the two movements, signed."""
    before: tuple[int, int, Balance] | None = None
    for row in counts.balances:
        try:
            now = (_figure(row.balance, found.decimal_mark), _signed(row, found, layout, mapping), row)
        except BadAmount:
            before = None
            continue
        if before is not None:
            yield _Step(now[0] - before[0], before[1], now[1], (before[2], row))
        before = now


def _signed(row: Balance, found: Survey, layout: Layout, mapping: ColumnMapping | None) -> int:
    """Returns the movement of a row as a signed figure, 0 where its mark says nothing. Raises BadAmount."""
    if "amount" not in layout.at or found.way == "columns":
        out = _figure(row.money_out, found.decimal_mark)
        return _figure(row.money_in, found.decimal_mark) - (abs(out) if found.out_is_negative else out)
    amount = _figure(row.amount, found.decimal_mark)
    if found.way != "mark":
        return amount
    meaning = (mapping.mark_of(row.mark) if mapping and row.mark else None) or mark_of(row.mark, layout)
    return amount if meaning == "in" else -abs(amount) if meaning == "out" else 0


class _Step(NamedTuple):
    """The rise of the balance between two rows in the file's order, and what each of them moved, signed."""

    rise: int
    first: int
    last: int
    rows: tuple[Balance, Balance]


class _Agreement(NamedTuple):
    """How many steps of the running balance go the way that the signs say, and how many against them.

    `example`: of the first against them, the row with the balance before and the row that moved.
    """

    with_signs: int
    against: int
    example: tuple[Balance, Balance] | None = None


def _balance_agreement(found: Survey, counts: Counts, layout: Layout, mapping: ColumnMapping | None) -> _Agreement:
    """Compares the running balance with the movements, for rows in either order."""
    steps = [step for step in _steps(found, counts, layout, mapping) if step.rise]
    forwards, backwards = _agreement(steps, 1), _agreement(steps, -1)
    explained = sum(forwards[:2]) - sum(backwards[:2]) or _order_of_days(counts)
    # What one order of equal amounts calls agreement the other calls the opposite: then nothing is proven.
    return (forwards if explained > 0 else backwards) if explained else _Agreement(0, 0)


def _agreement(steps: Sequence[_Step], order: int) -> _Agreement:
    """Counts the steps of rows that run from the oldest (+1) or from the newest (-1)."""
    movements = [step.last if order == 1 else -step.first for step in steps]
    against = [step for step, moved in zip(steps, movements, strict=True) if step.rise == -moved]
    example = against[0].rows[::order] if against else None
    with_signs = sum(step.rise == moved for step, moved in zip(steps, movements, strict=True))
    return _Agreement(with_signs, len(against), (example[0], example[1]) if example else None)


def _order_of_days(counts: Counts) -> int:
    """Returns +1 where the rows with a balance run from the oldest day to the newest, -1 for the reverse, else 0."""
    days = []
    for when in (counts.balances[0].when, counts.balances[-1].when) if counts.balances else ():
        try:
            days.append(parse_date(short_year(when), "dmy"))
        except BadDate:
            return 0
    return 0 if len(days) < 2 or days[0] == days[1] else 1 if days[0] < days[1] else -1


def _figure(text: str, mark: DecimalMark | None) -> int:
    return 0 if text.casefold() in NOTHING else parse_amount(text, _SCALE, mark)
