"""Recognises figures in a payment text that are no document numbers: amounts, dates, accounts, phones, tax ids.

Invariant: a figure that stands as a reference ("发票号 11500", "INV-11500") is left, except where a currency or a unit
follows it; what is recognised is blanked in place, so that positions in the text stay.
"""

from __future__ import annotations

import re
from typing import Final

#: Takes the place of what is no document number; neither a letter, a digit, a joiner nor a blank.
BLANKED: Final = "\x1f"

_ALONE_BEFORE: Final = r"(?<![A-Z0-9])(?<![A-Z0-9][-_./#,])"
_ALONE_AFTER: Final = r"(?![A-Z0-9])(?![-_./#,][A-Z0-9])"
_NUMBER: Final = r"\d{1,3}(?:[ ,.']\d{3})+(?:[.,]\d{1,3})?|\d+(?:[.,]\d{1,4})?(?:,?-)?"
_CURRENCY: Final = (
    r"RMB|CNY|CNH|USD|EUR|GBP|HKD|JPY|TWD|SGD|CHF|AUD|CAD|KRW|INR|US\$|HK\$|NT\$|[¥$€£]"
    r"|人民币|美元|美金|欧元|港币|港元|日元|英镑"
)
_CURRENCY_WORD: Final = r"元|圆|块|万|千元|角|EUROS?\b|DOLLARS?\b|YUAN\b|POUNDS?\b"
_UNIT: Final = (
    r"%|‰|件|台|套|吨|公斤|千克|个|箱|包|瓶|批次?|笔|张|只|米|升|卷|人|天|个?月份?|日|年度?|周|季度?|期|点|时"
    r"|(?:KGS?|PCS|STK|STÜCK|STUECK|SETS?|TONS?|UNITS?|DAYS?|TAGE?|WEEKS?|MONTHS?|MONATE?)\b"
)
_AMOUNT_WORD: Final = (
    r"金额|总额|总计|合计|共计|余额|价税合计|货款计|AMOUNT|AMT|TOTAL|SUM|BALANCE|BETRAG|SUMME|GESAMT|SALDO|ÜBER|UEBER"
)
#: A word before a figure that says of what it is the number: never of a document.
_OTHER_NUMBER: Final = (
    r"账号|帐号|账户|帐户|卡号|尾号|电话|手机|联系方式|传真|邮编|税号|信用代码|识别号|客户编?号|客户代码|身份证号?|行号"
    r"|(?<![A-Z])(?:A/C(?: NO)?|ACC(?:OUN)?T(?: NO| NUMBER)?|KTO|KTO-?NR|KONTO(?:NR|NUMMER)?|IBAN|BLZ|BIC|SWIFT"
    r"|TEL|PHONE|MOBILE|MOB|FAX|ZIP|PLZ|VAT(?: NO| ID)?|UST-?ID(?:-?NR)?|STEUER-?NR|TAX ?ID|TIN|USCC"
    r"|CUSTOMER(?: NO| NUMBER)?|CUST(?: NO)?"
    r"|KUNDEN-?(?:NR|NUMMER)|KD-?NR|MANDATSREF|MREF|CRED)"
)
#: A word before a figure that makes it a reference.
_REFERENCE_WORD: Final = (
    r"(?:发票号?码?|票号|单号|单据号?|订单号?|账单号?|编号|合同号?|号码"
    r"|(?<![A-Z])(?:INVOICES?|INV|RECHNUNG(?:EN|S-?NR|SNUMMER)?|RECHN|RG|RE|RNR|BELEG|BILL"
    r"|DOC(?:UMENT)?|REF(?:ERENCE)?|NUMBER|NUM|NO|NR|PO))"
)
_REFERENCE_BEFORE = re.compile(_REFERENCE_WORD + r"[\s.:#°-]{0,4}$")

_DATE: Final = (
    r"(?:19|20)\d{2}年(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{1,2}月(?:\d{1,2}[日号])?|(?:19|20)\d{2}([-/.])\d{1,2}\1\d{1,2}"
    r"|\d{1,2}([-/.])\d{1,2}\2(?:19|20)?\d{2}|\d{1,2}/(?:19|20)\d{2}|\d{1,2}\.\d{1,2}\.(?!\d)"
)
#: What is no document number whatever stands before it.
_ALWAYS: Final = (
    re.compile(rf"(?:{_CURRENCY})\s?[:.]?\s?(?:{_NUMBER}){_ALONE_AFTER}"),
    re.compile(rf"{_ALONE_BEFORE}(?:{_NUMBER})\s?(?:{_CURRENCY})(?![A-Z])(?!\s?\d)"),
    re.compile(rf"{_ALONE_BEFORE}(?:{_NUMBER})\s?(?:{_CURRENCY_WORD})"),
    re.compile(rf"(?:{_AMOUNT_WORD})\s?(?:为|是|VON|OF)?\s?[:=]?\s?(?:{_NUMBER}){_ALONE_AFTER}"),
    re.compile(rf"(?:{_OTHER_NUMBER})[\s.:/#-]{{0,3}}[A-Z0-9*]+(?:[ -][0-9]{{2,}})*"),
    re.compile(r"(?<![A-Z0-9])9[1-3]\d{6}[0-9A-Z]{10}(?![A-Z0-9])"),
)
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Z0-9])")
#: What is none unless it stands as a reference.
_UNLESS_REFERENCE: Final = (
    re.compile(rf"{_ALONE_BEFORE}(?:{_DATE})(?![A-Z0-9])(?![-_./#][A-Z0-9])"),
    re.compile(rf"{_ALONE_BEFORE}(?:{_NUMBER})\s?(?:{_UNIT})"),
    re.compile(rf"{_ALONE_BEFORE}(?:\d{{1,3}}(?:[,.']\d{{3}})+(?:[.,]\d{{2}})?|\d+[.,]\d{{2}}|\d+,-){_ALONE_AFTER}"),
    re.compile(rf"{_ALONE_BEFORE}1[3-9]\d{{9}}{_ALONE_AFTER}"),
    re.compile(rf"{_ALONE_BEFORE}(?:0\d{{2,3}}-\d{{7,8}}|\+\d[\d /-]{{6,18}}\d){_ALONE_AFTER}"),
)


def blank_other_figures(normal: str) -> str:
    """Returns a normalised text (`mentions.normalised`) with the figures blanked that are no document numbers."""
    if not any(char.isdigit() for char in normal):
        return normal
    normal = _IBAN.sub(_blank_iban, normal)
    for pattern in _ALWAYS:
        normal = pattern.sub(_blank, normal)
    for pattern in _UNLESS_REFERENCE:
        normal = pattern.sub(_blank_unless_reference, normal)
    return normal


def stands_as_reference(normal: str, start: int) -> bool:
    """Tells that a word like "invoice" or 单号 stands right before the position."""
    return _REFERENCE_BEFORE.search(normal[max(0, start - 24) : start]) is not None


def _blank(found: re.Match[str]) -> str:
    return BLANKED * len(found[0])


def _blank_iban(found: re.Match[str]) -> str:
    """Blanks what has an IBAN's check digits (ISO 7064, mod 97), so that a long document number is none."""
    text = found[0].replace(" ", "")
    digits = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return _blank(found) if int(digits) % 97 == 1 else found[0]


def _blank_unless_reference(found: re.Match[str]) -> str:
    return found[0] if stands_as_reference(found.string, found.start()) else _blank(found)
