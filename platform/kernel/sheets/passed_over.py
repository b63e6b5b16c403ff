"""Rows of an export that are no data, each with its reason: totals, signatures, headings of groups, page breaks.

Invariant: a row is passed over by its words and its shape together, so that a customer called "Total" stays one; what
is uncertain stays a row, and fails as one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

from kernel.i18n import mark
from kernel.sheets.dates import BadDate, DateOrder, parse_date

#: Why a row is passed over; `asked`: the mapping names its number, `rule`: a line of dashes.
Reason = Literal["", "total", "signature", "heading", "repeated_header", "remark", "asked", "rule"]

#: What the page and the report say of a reason.
REASONS: Final[dict[str, str]] = {
    "total": mark("totals"),
    "signature": mark("signatures, print dates and page numbers"),
    "heading": mark("headings of groups"),
    "repeated_header": mark("the header again"),
    "remark": mark("remarks"),
    "asked": mark("rows that the mapping passes over"),
    "rule": mark("lines of dashes"),
}
_TOTAL: Final = re.compile(
    r"[*(\[]*\s*(?:"
    r"(?:本页|本月|本日|本期|本年|当月|当期|累计|客户|往来单位|部门|业务员|币种|币别|全部|期末|应收|应收款)?"
    r"(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|总\s*和|汇\s*总)(?:金额|数|余额|行)?"
    r"|过次页|承前页|期末(?:余额|结存)|(?:本月|本年)?合\s*計|總\s*計|小\s*計"
    r"|(?:grand|sub|report|page|customer|account|balance|overall|group|company|document|currency)?[\s-]*totals?"
    r"(?:\s+(?:for|of|in|-|:).*|\s+(?:due|outstanding|(?:accounts )?receivables?|open|amount|balance|overdue)"
    r"|\s*[a-z]{3})?"
    r"|(?:closing|ending) balance|(?:balance )?(?:carried|brought) forward"
    r"|sum|(?:end|gesamt|konto|zwischen|kunden|debitoren)?summe(?:\s+(?:debitor|kunde|konto)\b.*)?|gesamt(?:betrag|saldo)?"
    r"|(?:gesamt)?ergebnis|[uü]bertrag|(?:end|gesamt)?saldo|endbetrag|(?:summe|saldo) gesamt|net total"
    r"|totals? g[eé]n[eé]rale?s?"
    r"|(?:sous|sub)-?total|(?:sub)?totale?s?(?: (?:generale|cliente?))?"
    r"|(?:sub)?totaal(?: (?:generaal|klant))?|suma|somme"
    r"|(?:本[頁月]|請求)?(?:[総總]\s*[合計]\s*計?|累\s*計|小\s*計|合\s*計)|합\s*계|총\s*계|소\s*계|razem|celkem|toplam|итого|всего"
    r"|tổng(?: cộng)?)\s*[)\]]*\s*[:：]?(?:\s*[(（].{0,30}[)）])?",
    re.IGNORECASE,
)
#: What every word of a sum has in it: one look at a row tells most that have none.
_SUM_WORD: Final = re.compile(
    r"[计計汇和계]|页|期末|tota|sum|somme|balance|forward|gesamt|ergebnis|übertrag|saldo|endbetrag|razem|celkem"
    r"|toplam|итого|всего|tổng",
    re.IGNORECASE,
)
#: A sum named after its group: "Kunde AG Total", "甲公司小计", "Summe Kunde AG".
_NAMED_TOTAL: Final = re.compile(
    r".*\S[\s:：-]*(?:合\s*计|总\s*计|小\s*计|共\s*计|汇\s*总|小計|合計|(?:sub-?)?total|summe|gesamt|ergebnis)"
    r"|(?:(?:sub-?)?total|zwischensumme|summe|gesamt|percentage of total|合\s*计|小\s*计|总\s*计)\b.*",
    re.IGNORECASE,
)
_STARS: Final = re.compile(r"\*{1,4}")
_TOTAL_BEGINS: Final = frozenset(
    "合总總総小共本請当累汇客往部业币全期应过承합총소*([TtGgSsRrPpCcAaBbZzOoDdEeKkNnUuÜüИиВв"
)
#: Lines under a table, in the words of exports; the label ends with a colon or is the whole cell.
_SIGNATURE: Final = re.compile(
    r"(?:制\s*表|制\s*单|審\s*核|审\s*核|复\s*核|核\s*准|批\s*准|经\s*办|记\s*账|出\s*纳|会\s*计|主\s*管|财务(?:主管|经理|负责人)|负责人|单位(?:负责人|盖章)"
    r"|法定代表人|打印|导出|引出|输出|查询|操作员|盖\s*章|签\s*[字章名]|编制单位|填\s*表)(?:人|员|日期|时间|者|单位|部门)?\s*(?:[:：].*)?"
    r"|(?:prepared|approved|checked|reviewed|printed|created|generated|exported|signed)\s+(?:by|on|at)\b.*"
    r"|(?:print|run|report|export)\s*(?:date|time)\s*[:：]?.*|signature\s*[:：]?.*"
    r"|(?:erstellt|gedruckt|geprüft|freigegeben)\s+(?:von|am)\b.*|(?:datum\s*/\s*)?unterschrift|druckdatum\b.*"
    r"|(?:imprimé|édité|établi|préparé)\s+(?:le|par)\b.*|(?:impreso|elaborado)\s+(?:el|por)\b.*"
    r"|stampato\s+(?:il|da)\b.*|(?:afgedrukt|gemaakt)\s+(?:op|door)\b.*"
    r"|(?:report\s+)?(?:printed|generated|compiled|issued|verified)\s+(?:(?:by|on|at)\s.*|[\d\s/.:-]+)"
    r"|authori[sz]ed (?:signatory|signature)|as (?:of|at) [\d\s/.-]+"
    r"|(?:作成|印刷|出力|発行|列印|製表)(?:日時?|日期|時間|者|人)\s+\S.*",
    re.IGNORECASE,
)
#: What every language writes under a table: a short label without digits, a colon, and who or when.
_LABELLED: Final = re.compile(r"[^\d:：]{2,30}[:：](?:\s*(.*))?")
_PAGE: Final = re.compile(
    r"第\s*\d+\s*页.*|共\s*\d+\s*页.*|page\s+\d+(?:\s*(?:of|/)\s*\d+)?|seite\s+\d+.*|\d+\s*/\s*\d+\s*页", re.IGNORECASE
)
_REMARK: Final = re.compile(
    r"(?:备\s*注|说\s*明|附\s*注|注|note|notes|remark|remarks|hinweis|disclaimer|end of (?:report|file|list)"
    r"|以下空白|以上.{0,12}条.*)\s*(?:[:：].*|\d.*)?|[*#]{2,}.*|.*(?:accrual|cash) basis.*",
    re.IGNORECASE,
)
_FIGURE: Final = re.compile(
    r"[-+(¥$€£\s]*[\d.,'\s]+%?[)\s-]*(?:[A-Z]{0,3}|[DC]r\.?)|[A-Z]{3}|[-—/*]+|\d+\s*(?:条|笔|行|张|rows?|items?)"
)
_COMPACT_DAY: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_ORDERS: Final[tuple[DateOrder, ...]] = ("dmy", "mdy")
#: A label of a total is short; what is longer is a name. Figures and notes are no novels either.
_LABEL_MAX: Final = 60
_FIGURE_MAX: Final = 40
_NOTE_MAX: Final = 400


def plain(text: str) -> str:
    """Returns a cell as it is compared: half-width, without blanks around it."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def total_reason(cells: Sequence[str]) -> Reason:
    """Returns `total` for a row whose first text is the word of a sum and whose other cells are figures."""
    filled = [cell for cell in cells if cell]
    if not filled or filled[0][0] not in _TOTAL_BEGINS or len(filled[0]) > _LABEL_MAX:
        return ""
    label = plain(filled[0])
    if not (_TOTAL.fullmatch(label) or _STARS.fullmatch(label)):
        return ""
    rest = filled[1:]
    if _STARS.fullmatch(label):
        return "total" if any(map(is_figure, rest)) and any("." in cell or "," in cell for cell in rest) else ""
    return "total" if all(map(is_figure, rest)) else ""


def is_total_word(cell: str) -> bool:
    """Tells that a cell is nothing but the word of a sum: 小计, Grand Total, Zwischensumme."""
    return bool(cell) and cell[0] in _TOTAL_BEGINS and len(cell) <= _LABEL_MAX and bool(_TOTAL.fullmatch(plain(cell)))


def is_named_total(label: str) -> bool:
    """Tells that a label begins or ends with the word of a sum: 甲公司小计, "Kunde AG Total"."""
    return len(label) <= _LABEL_MAX and bool(_SUM_WORD.search(label)) and bool(_NAMED_TOTAL.fullmatch(plain(label)))


def inner_total_reason(cells: Sequence[str], before: Sequence[str]) -> Reason:
    """Returns `total` for a row with the word of a sum in any column, as groups end: "C001, Kunde AG, 小计, 1,000.00".

    `before`: the data row above. That one has a day and this one has none; beside the word stand figures, and what the
    group is called. Also "Kunde AG Total", as a spreadsheet writes its subtotals.
    """
    if not _SUM_WORD.search("\x1f".join(cells)):
        return ""
    words = [place for place, cell in enumerate(cells) if is_total_word(cell) or _sums_up(cell, before)]
    if not words or has_day(cells) or not has_day(before):
        return ""
    rest = [(place, cell) for place, cell in enumerate(cells) if cell and place not in words]
    beside = all(is_figure(cell) or (place < len(before) and cell == before[place]) for place, cell in rest)
    return "total" if beside and any(is_figure(cell) for _place, cell in rest) else ""


def _sums_up(cell: str, before: Sequence[str]) -> bool:
    """Tells that a cell is the word of a sum with what the rows above it are called: "Kunde AG Total"."""
    if not _SUM_WORD.search(cell):
        return False
    names = (name for name in before if len(name) > 1 and name != cell and name in cell)
    return any(is_total_word(cell.replace(name, "", 1).strip(" -:：")) for name in names)


def has_day(cells: Sequence[str]) -> bool:
    """Tells that one of the cells is a day; bare digits are none."""
    return any(map(_is_day, cells))


def _is_day(cell: str) -> bool:
    """Tells that a cell is a day; bare digits are a figure, save 20261121."""
    if not cell or len(cell) > _FIGURE_MAX or (cell.isdigit() and not _COMPACT_DAY.fullmatch(cell)):
        return False
    for order in _ORDERS:
        try:
            parse_date(cell, order)
        except BadDate:
            continue
        return True
    return False


def bare_sum_reason(cells: Sequence[str], filled_before: int) -> Reason:
    """Returns `total` for a row of nothing but amounts, far from the left, as SAP writes sums without a word.

    `filled_before`: filled cells of a data row; a sum has at least three fewer.
    """
    filled = [place for place, cell in enumerate(cells) if cell]
    if not filled or filled[0] < 2 or len(filled) + 3 > filled_before:
        return ""
    found = [cells[place] for place in filled]
    return "total" if all(map(is_figure, found)) and any("." in cell or "," in cell for cell in found) else ""


def closing_reason(cells: Sequence[str]) -> Reason:
    """Returns why a row under the last data row is no data; an empty text when it may be data."""
    filled = [plain(cell)[:_NOTE_MAX] for cell in cells if cell]
    if reason := total_reason(cells) or bare_sum_reason(cells, len(cells)):
        return reason
    if _SIGNATURE.fullmatch(filled[0]) or _PAGE.fullmatch(filled[0]) or _is_labelled(filled):
        return "signature"
    if len(filled) <= 2 and len(cells) > 2 and _REMARK.fullmatch(filled[0]):
        return "remark"
    if len(filled) == 1 and len(cells) > 2 and _is_sentence(filled[0]):
        return "remark"
    return ""


def anywhere_reason(
    cells: Sequence[str], headers: Sequence[str], filled_before: int, before: Sequence[str] = ()
) -> Reason:
    """Returns why a row between data rows is no data: a subtotal, a page's header again, the heading of a group.

    `filled_before`: filled cells of the fullest data row so far; a subtotal has fewer. `before`: the last data row.
    """
    filled = [place for place, cell in enumerate(cells) if cell]
    if len(filled) < filled_before and (total_reason(cells) or inner_total_reason(cells, before)):
        return "total"
    if bare_sum_reason(cells, filled_before):
        return "total"
    if len(filled) > 1 and all(cells[place] == headers[place] for place in filled if place < len(headers)):
        return "repeated_header"
    if len(filled) == 1 and len(cells) > 2:
        if filled[0] < len(headers) and not headers[filled[0]]:
            return "heading"
        if _PAGE.fullmatch(plain(cells[filled[0]])[:_NOTE_MAX]):
            return "signature"
    return ""


def is_rule(cells: Sequence[str]) -> bool:
    """Tells that a row is a line drawn with dashes, as lists saved as text have them."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(len(cell) > 2 and not cell.strip("-=_+ ") for cell in filled)


def is_figure(cell: str) -> bool:
    """Tells that a cell is an amount, a count, a currency or a dash."""
    return len(cell) <= _FIGURE_MAX and _FIGURE.fullmatch(plain(cell)) is not None


def _is_labelled(filled: Sequence[str]) -> bool:
    """Tells that cells are nothing but labels and what they ask for: "製表：陳大文", "Bearbeiter:" beside "Schmidt".

    Of a document every row says an amount, which stands behind no colon.
    """
    waits = False
    for place, cell in enumerate(filled):
        label = _LABELLED.fullmatch(cell)
        if label is None and not waits:
            return False
        waits = label is not None and not label[1]
        if label is None and place == len(filled) - 1 and is_figure(cell) and not _is_day(cell):
            return False
    return True


def _is_sentence(text: str) -> bool:
    """Tells that a lone text is something said, not a number or a name that lost the rest of its row."""
    return len(text) >= 8 and any(mark in text for mark in ":，。,；;") and not is_figure(text)
