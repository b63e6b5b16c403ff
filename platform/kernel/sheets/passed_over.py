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
    r"(?:本页|本月|本期|本年|累计|客户|部门|业务员|全部|期末)?(?:合\s*计|总\s*计|小\s*计|共\s*计|总\s*和|汇\s*总)(?:金额|数)?"
    r"|合\s*計|總\s*計|小\s*計"
    r"|(?:grand|sub|report|page|customer|account|balance)?[\s-]*totals?(?:\s+(?:for|of|-|:).*|\s*[a-z]{3})?"
    r"|sum|summe|gesamt(?:summe|betrag)?|zwischensumme|gesamtergebnis|saldo|total\s+g[eé]n[eé]ral|sous-total|totale"
    r")\s*[)\]]*\s*[:：]?(?:\s*[(（].{0,30}[)）])?",
    re.IGNORECASE,
)
_STARS: Final = re.compile(r"\*{1,4}")
_TOTAL_BEGINS: Final = frozenset("合总總小共本累客部业全期*([TtGgSsRrPpCcAaBbZz")
#: Lines under a table, in the words of exports; the label ends with a colon or is the whole cell.
_SIGNATURE: Final = re.compile(
    r"(?:制\s*表|制\s*单|審\s*核|审\s*核|复\s*核|核\s*准|批\s*准|经\s*办|记\s*账|出\s*纳|会\s*计|主\s*管|财务(?:主管|经理|负责人)|负责人|单位(?:负责人|盖章)"
    r"|法定代表人|打印|导出|引出|输出|查询|操作员|盖\s*章|签\s*[字章名]|编制单位|填\s*表)(?:人|员|日期|时间|者|单位|部门)?\s*(?:[:：].*)?"
    r"|(?:prepared|approved|checked|reviewed|printed|created|generated|exported|signed)\s+(?:by|on|at)\b.*"
    r"|(?:print|run|report|export)\s*(?:date|time)\s*[:：]?.*|signature\s*[:：]?.*"
    r"|(?:erstellt|gedruckt|geprüft|freigegeben)\s+(?:von|am)\b.*",
    re.IGNORECASE,
)
_PAGE: Final = re.compile(
    r"第\s*\d+\s*页.*|共\s*\d+\s*页.*|page\s+\d+(?:\s*(?:of|/)\s*\d+)?|seite\s+\d+.*|\d+\s*/\s*\d+\s*页", re.IGNORECASE
)
_REMARK: Final = re.compile(
    r"(?:备\s*注|说\s*明|附\s*注|注|note|notes|remark|remarks|hinweis|disclaimer|end of (?:report|file|list)"
    r"|以下空白|以上.{0,12}条.*)\s*(?:[:：].*|\d.*)?|[*#]{2,}.*|.*(?:accrual|cash) basis.*",
    re.IGNORECASE,
)
_FIGURE: Final = re.compile(
    r"[-+(¥$€£\s]*[\d.,'\s]+%?[)\s-]*[A-Z]{0,3}|[A-Z]{3}|[-—/*]+|\d+\s*(?:条|笔|行|张|rows?|items?)"
)
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
        return "total" if any(map(_is_figure, rest)) and any("." in cell or "," in cell for cell in rest) else ""
    return "total" if all(map(_is_figure, rest)) else ""


def bare_sum_reason(cells: Sequence[str], filled_before: int) -> Reason:
    """Returns `total` for a row of nothing but amounts, far from the left, as SAP writes sums without a word.

    `filled_before`: filled cells of a data row; a sum has at least three fewer.
    """
    filled = [place for place, cell in enumerate(cells) if cell]
    if not filled or filled[0] < 2 or len(filled) + 3 > filled_before:
        return ""
    found = [cells[place] for place in filled]
    return "total" if all(map(_is_figure, found)) and any("." in cell or "," in cell for cell in found) else ""


def closing_reason(cells: Sequence[str]) -> Reason:
    """Returns why a row under the last data row is no data; an empty text when it may be data."""
    filled = [plain(cell)[:_NOTE_MAX] for cell in cells if cell]
    if reason := total_reason(cells) or bare_sum_reason(cells, len(cells)):
        return reason
    if any(_SIGNATURE.fullmatch(cell) for cell in filled[:1]) or _PAGE.fullmatch(filled[0]):
        return "signature"
    if len(filled) <= 2 and len(cells) > 2 and _REMARK.fullmatch(filled[0]):
        return "remark"
    if len(filled) == 1 and len(cells) > 2 and _is_sentence(filled[0]):
        return "remark"
    return ""


def anywhere_reason(cells: Sequence[str], headers: Sequence[str], filled_before: int) -> Reason:
    """Returns why a row between data rows is no data: a subtotal, a page's header again, the heading of a group.

    `filled_before`: filled cells of the fullest data row so far; a subtotal has fewer.
    """
    filled = [place for place, cell in enumerate(cells) if cell]
    if len(filled) < filled_before and total_reason(cells):
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


def _is_figure(cell: str) -> bool:
    return len(cell) <= _FIGURE_MAX and _FIGURE.fullmatch(plain(cell)) is not None


def _is_sentence(text: str) -> bool:
    """Tells that a lone text is something said, not a number or a name that lost the rest of its row."""
    return len(text) >= 8 and any(mark in text for mark in ":，。,；;") and not _is_figure(text)
