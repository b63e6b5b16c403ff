"""Column names of bank exports, and the headers that identify each bank's export.

Invariant: a header is compared without width, case, blanks and bracketed notes, so
"贷方发生额（收入）" and "交易日期[ Transaction Date ]" are found under their plain names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

#: Field → headers, in the order in which they are preferred where a file has several.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "booked_on": (
        *("记账日期", "记账日", "入账日期", "交易日期", "交易日", "交易时间", "交易时间戳", "日期"),
        *("bookingdate", "postingdate", "transactiondate", "date"),
    ),
    "value_on": ("起息日期", "起息日", "valuedate"),
    "out": (
        *("借方发生额", "借方金额", "支出金额", "支出", "付款金额", "转出金额", "借方", "支取金额"),
        *("debit", "debitamount", "withdrawal", "moneyout", "paidout"),
    ),
    "in": (
        *("贷方发生额", "贷方金额", "收入金额", "收入", "收款金额", "转入金额", "贷方", "存入金额"),
        *("credit", "creditamount", "deposit", "moneyin", "paidin"),
    ),
    "amount": ("交易金额", "发生额", "金额", "amount", "tradeamount", "transactionamount"),
    "mark": (
        *("借贷标志", "借/贷", "借贷", "借贷方向", "收支方向", "收付标志", "收/支", "交易方向", "交易类型"),
        *("dc", "d/c", "debit/credit", "direction", "transactiontype"),
    ),
    "name": (
        *(
            "对方户名",
            "对方账户名称",
            "对方名称",
            "对方单位名称",
            "对方单位",
            "对方账号名称",
            "交易对手",
            "收/付方名称",
        ),
        *("对手户名", "counterparty", "counterpartyname", "payername", "name"),
    ),
    "account": (
        *("对方账号", "对方帐号", "对方账户", "收/付方账号", "收/付方帐号", "对手账号"),
        *("counterpartyaccount", "payeraccount", "iban"),
    ),
    "bank": (
        *(
            "对方开户行",
            "对方开户行名",
            "对方开户机构",
            "对方行名",
            "交易行名",
            "收/付方开户行名",
            "对方银行",
            "对方行号",
        ),
        *("counterpartybank", "payerbank"),
    ),
    "payer": ("付款人名称", "付款人户名", "payersname"),
    "payer_account": ("付款人账号", "付款人帐号", "debitaccountno"),
    "payer_bank": ("付款人开户行名", "付款人开户行号", "付款人开户行"),
    "payee": ("收款人名称", "收款人户名", "beneficiarysname"),
    "payee_account": ("收款人账号", "收款人帐号", "beneficiaryaccountno"),
    "payee_bank": ("收款人开户行名", "收款行名称", "收款人开户行"),
    "reference": (
        *("账户明细编号-交易流水号", "交易流水号", "流水号", "银行流水号", "交易流水", "日志号", "回单编号", "凭证号"),
        *("transactionreferencenumber", "bankreference", "transactionid"),
    ),
    "customer_reference": ("企业流水号", "业务参考号", "客户业务编号", "客户申请号", "endtoendid"),
    "currency": ("币种", "交易货币", "货币", "currency", "tradecurrency"),
    "balance": ("余额", "账户余额", "交易后余额", "联机余额", "本次余额", "balance", "after-transactionbalance"),
    "own_account": ("本方账号", "本方帐号", "账号", "帐号", "accountnumber", "ownaccount"),
}
#: All of these that are there are joined: every bank has its own idea where the debtor's words belong.
TEXTS: Final = (
    *(
        "用途",
        "交易用途",
        "附言",
        "交易附言",
        "客户附言",
        "附加信息",
        "备注",
        "摘要",
        "交易摘要",
        "业务摘要",
        "其它摘要",
    ),
    *("交易说明", "个性化信息", "purpose", "remark", "remittance", "description", "details", "memo", "narrative"),
)
#: Profile → headers of which all must be there; the first that fits names the bank.
PROFILES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("icbc", ("凭证号", "对方单位名称", "借方发生额", "贷方发生额")),
    ("ccb", ("对方开户机构", "借方发生额", "贷方发生额")),
    ("boc", ("付款人名称", "收款人名称", "交易金额")),
    ("cmb", ("收/付方名称", "收/付方账号", "贷方金额")),
    ("abc", ("收入金额", "支出金额", "对方户名")),
)
PROFILE_NAMES: Final[dict[str, str]] = {
    "icbc": "工行 ICBC",
    "ccb": "建行 CCB",
    "boc": "中行 BOC",
    "cmb": "招行 CMB",
    "abc": "农行 ABC",
    "generic": "",
}
CURRENCIES: Final[dict[str, str]] = {
    "人民币": "CNY",
    "人民币元": "CNY",
    "RMB": "CNY",
    "美元": "USD",
    "欧元": "EUR",
    "港币": "HKD",
    "港元": "HKD",
    "日元": "JPY",
    "日圆": "JPY",
    "英镑": "GBP",
    "新加坡元": "SGD",
    "澳元": "AUD",
    "澳大利亚元": "AUD",
    "加元": "CAD",
    "加拿大元": "CAD",
    "瑞士法郎": "CHF",
    "澳门元": "MOP",
    "韩元": "KRW",
}
#: Words by which a row says its direction; the account's own side: 借 is money out, 贷 money in.
OUT_WORDS: Final = frozenset({"借", "借方", "支", "支出", "付", "付款", "转出", "往账", "d", "dr", "debit", "out"})
IN_WORDS: Final = frozenset({"贷", "贷方", "收", "收入", "收款", "转入", "来账", "c", "cr", "credit", "in"})

_NOTES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")


def plain(header: str) -> str:
    """Returns a header as it is compared."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\s_*:.'’]+", "", _NOTES.sub("", folded))


_KNOWN: Final = frozenset(name for names in NAMES.values() for name in names) | frozenset(TEXTS)


def column_positions(headers: Sequence[str]) -> dict[str, int]:
    """Returns field → column position, for the fields that the headers have."""
    at: dict[str, int] = {}
    for column, header in enumerate(headers):
        at.setdefault(plain(header), column)
    found: dict[str, int] = {}
    for field, names in NAMES.items():
        column_or_none = next((at[name] for name in names if name in at), None)
        if column_or_none is not None:
            found[field] = column_or_none
    # The type of a transaction is a direction in one bank's file and a word like "转账" in another's.
    return found


def text_columns(headers: Sequence[str]) -> list[int]:
    """Returns the columns with the purpose of a payment, in the order of TEXTS."""
    at = {plain(header): column for column, header in reversed(list(enumerate(headers)))}
    return [at[name] for name in TEXTS if name in at]


def is_header(cells: Iterable[str]) -> bool:
    """Tells that a row is the header of a statement: a date, an amount and one more known column."""
    names = list(cells)
    found = column_positions(names)
    known = len({plain(name) for name in names if name} & _KNOWN)
    return known >= 3 and "booked_on" in found and bool({"in", "out", "amount"} & found.keys())


def profile_of(headers: Sequence[str]) -> str:
    """Returns the code of the bank whose export has these headers, else `generic`."""
    names = {plain(header) for header in headers}
    return next((profile for profile, marks in PROFILES if names.issuperset(marks)), "generic")


def currency_code(text: str) -> str:
    """Returns the ISO code of 人民币 or CNY; an unknown name unchanged, for the message."""
    body = unicodedata.normalize("NFKC", text).strip().upper()
    return CURRENCIES.get(body, body)
