"""Data for the print templates in both languages: what a caller hands to `kernel.pdf.render`, in full."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta

from kernel.amount_in_words import amount_in_words
from kernel.money import format_minor, split_figure, symbol

Data = dict[str, object]

_ZH_STATEMENT_LABELS = {
    "title": "应收账款对账单",
    "page": "第 {page} / {pages} 页",
    "issuer": "发件方",
    "customer": "致",
    "lines": "往来明细",
    "date": "日期",
    "document": "单据号",
    "kind": "类别",
    "due": "到期日",
    "debit": "借方",
    "credit": "贷方",
    "balance": "余额",
    "opening": "期初余额　2026-10-01",
    "total": "本期合计",
    "closing": "期末应收余额　2026-10-31",
    "words": "大写",
    "overdue": "其中已逾期",
    "aging": "账龄（按到期日）",
    "open_items": "2026-10-31 未结清单据",
    "days": "逾期天数",
    "open": "未付金额",
    "bank": "我方账户",
    "online": "在线确认",
    "reply": "回执",
    "seal": "盖章处",
    "issuer_seal": "发件方盖章",
}
_EN_STATEMENT_LABELS = {
    "title": "Statement of account",
    "page": "Page {page} of {pages}",
    "issuer": "From",
    "customer": "To",
    "lines": "Transactions",
    "date": "Date",
    "document": "Document",
    "kind": "Type",
    "due": "Due",
    "debit": "Debit",
    "credit": "Credit",
    "balance": "Balance",
    "opening": "Opening balance, 2026-10-01",
    "total": "Total",
    "closing": "Balance due, 2026-10-31",
    "words": "In words",
    "overdue": "Of which overdue",
    "aging": "Aging by due date",
    "open_items": "Open items at 2026-10-31",
    "days": "Days overdue",
    "open": "Open",
    "bank": "Our bank account",
    "online": "Answer online",
    "reply": "Reply",
    "seal": "Company seal",
    "issuer_seal": "Issuer's seal",
}


def _figure(minor: int, language: str) -> dict[str, str]:
    whole, fraction = split_figure(minor, "CNY", language)
    return {"symbol": symbol("CNY", language), "whole": whole, "fraction": fraction}


def _lines(count: int, zh: bool) -> tuple[list[dict[str, str]], int, int, int]:
    balance, debits, received = 12_500_000, 0, 0
    lines = []
    for n in range(count):
        on = date(2026, 10, 1) + timedelta(days=n % 30)
        paid = n % 4 == 3
        minor = 1_234_567 * (n % 7 + 1) // (3 if paid else 1)
        balance, debits, received = (
            (balance - minor, debits, received + minor) if paid else (balance + minor, debits + minor, received)
        )
        kind = ("收款" if paid else "发票") if zh else ("Receipt" if paid else "Invoice")
        lines.append(
            {
                "date": on.isoformat(),
                "document": f"RC-2026-{n:06d}" if paid else f"INV-2026-{n:06d}",
                "kind": kind,
                "due": "" if paid else (on + timedelta(days=30)).isoformat(),
                "debit": "" if paid else format_minor(minor, "CNY", "zh"),
                "credit": format_minor(minor, "CNY", "zh") if paid else "",
                "balance": format_minor(balance, "CNY", "zh"),
            }
        )
    return lines, debits, received, balance


def statement(language: str = "zh_CN", count: int = 30) -> Data:
    """A statement with `count` lines whose figures add up."""
    zh = language.startswith("zh")
    lines, debits, received, balance = _lines(count, zh)
    late = balance // 3
    shares = [balance - late, late // 2, late // 4, late // 8, late - late // 2 - late // 4 - late // 8, 0]
    heads = ["未到期", "1–30 天", "31–60 天", "61–90 天", "90 天以上", "未核销收款"]
    if not zh:
        heads = ["Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days", "Unapplied"]
    return {
        "language": language,
        "number": "ST-2026-10-000123",
        "date": "2026-10-31",
        "footer": "",
        "issuer": {
            "name": "华芯电子股份有限公司" if zh else "Huaxin Electronics Co., Ltd.",
            "lines": ["深圳市南山区科技南路 18 号", "0755-8888 0000　ar@huaxin.example"]
            if zh
            else ["18 Keji South Road, Nanshan, Shenzhen", "+86 755 8888 0000 · ar@huaxin.example"],
        },
        "customer": {
            "name": "苏州工业园区鑫晟精密电子科技发展（集团）有限公司" if zh else "Northwind Components Trading GmbH",
            "lines": ["客户编号 00123", "收件人：财务部 王芳"]
            if zh
            else ["Customer 00123", "Attn: Jane Smith, Finance"],
        },
        "facts": [["编号", "ST-2026-10-000123"], ["期间", "2026-10-01 至 2026-10-31"], ["币种", "人民币 CNY"]]
        if zh
        else [["Number", "ST-2026-10-000123"], ["Period", "2026-10-01 to 2026-10-31"], ["Currency", "CNY"]],
        "intro": "为核对双方往来账目，现将本期账面记录列示如下，请贵公司核对。"
        if zh
        else "To keep both sets of books in agreement, please check the entries below against your records.",
        "opening": format_minor(12_500_000, "CNY", language),
        "lines": lines,
        "open": _open(balance, late, zh) if count else [],
        "total": {
            "debit": format_minor(debits, "CNY", language),
            "credit": format_minor(received, "CNY", language),
            "balance": format_minor(balance, "CNY", language),
        },
        "closing": _figure(balance, language),
        "words": amount_in_words(balance, "CNY", language),
        "overdue": format_minor(late, "CNY", language),
        "aging": {"heads": heads, "amounts": [format_minor(share, "CNY", language) for share in shares]},
        "online": {
            "text": "扫码或打开下面的链接即可确认，或列明差异，无需注册。"
            if zh
            else "Open the link to agree or to list differences; no account is needed.",
            "url": "https://pay.huaxin.example/s/9f2c7b1e4d6a8035",
        },
        "reserve": "本对账单不构成对合同约定逾期利息的放弃，我司保留依合同主张的权利。"
        if zh
        else "This statement waives none of the interest agreed in the contract, to which we remain entitled.",
        "contact": "联系人：李伟　0755-8888 0001" if zh else "Contact: Li Wei, +86 755 8888 0001",
        "bank": [["开户行", "中国银行深圳科技园支行"], ["账号", "7777 8888 9999 0000"]]
        if zh
        else [["Bank", "Bank of China, Shenzhen"], ["Account", "7777 8888"]],
        "reply": _reply(zh),
        "labels": _ZH_STATEMENT_LABELS if zh else _EN_STATEMENT_LABELS,
    }


def _open(balance: int, late: int, zh: bool) -> list[dict[str, str]]:
    """Two documents, one of them overdue, that make up the closing balance."""
    kind = "发票" if zh else "Invoice"
    rows = [
        ("INV-2026-000900", date(2026, 8, 12), "50", late),
        ("INV-2026-000901", date(2026, 10, 12), "", balance - late),
    ]
    return [
        {
            "document": number,
            "kind": kind,
            "date": on.isoformat(),
            "due": (on + timedelta(days=30)).isoformat(),
            "days": days,
            "open": format_minor(minor, "CNY", "zh"),
        }
        for number, on, days, minor in rows
    ]


def _reply(zh: bool) -> Data:
    return {
        "number": "ST-2026-10-000123",
        "intro": "请选择一项，盖章后寄回或发送扫描件。"
        if zh
        else "Please tick one, sign and seal, and return this slip or a scan of it.",
        "agree": "数据核对无误。" if zh else "The balance agrees with our books.",
        "differs": "数据不符，我方账面金额及差异如下：" if zh else "It differs; our balance and the differences are:",
        "fields": ["姓名", "职务", "日期", "电话"] if zh else ["Name", "Title", "Date", "Phone"],
        "return_to": "请于 2026-11-15 前寄至：深圳市南山区科技南路 18 号 财务部，或 ar@huaxin.example"
        if zh
        else "Please return by 2026-11-15 to ar@huaxin.example.",
    }


_ZH_LETTER_LABELS = {
    "title": "限期催款单",
    "page": "第 {page} / {pages} 页",
    "issuer": "发件方",
    "customer": "致",
    "items": "逾期款项",
    "document": "单据号",
    "due": "到期日",
    "days": "逾期天数",
    "amount": "未付金额",
    "level": "催收阶段",
    "total": "合计",
    "closing": "应付总额",
    "words": "大写",
    "bank": "收款账户",
    "seal": "盖章处",
}
_EN_LETTER_LABELS = {
    "title": "Demand for payment",
    "page": "Page {page} of {pages}",
    "issuer": "From",
    "customer": "To",
    "items": "Overdue items",
    "document": "Document",
    "due": "Due",
    "days": "Days overdue",
    "amount": "Open",
    "level": "Step",
    "total": "Total",
    "closing": "Total due",
    "words": "In words",
    "bank": "Pay to",
    "seal": "Company seal",
}


def letter(language: str = "zh_CN", count: int = 4) -> Data:
    """A demand letter with `count` items, a deadline and a bank account."""
    zh = language.startswith("zh")
    base = statement(language, 0)
    amounts = [3_456_789 * (n % 5 + 1) for n in range(count)]
    level = "限期催款" if zh else "Demand"
    return {
        **{key: base[key] for key in ("language", "issuer", "customer", "footer")},
        "number": "DL-2026-000045",
        "date": "2026-11-21",
        "facts": [["编号", "DL-2026-000045"], ["日期", "2026-11-21"]]
        if zh
        else [["Number", "DL-2026-000045"], ["Date", "2026-11-21"]],
        "subject": "关于支付逾期货款的通知" if zh else "Payment of overdue invoices",
        "salutation": "尊敬的客户：" if zh else "Dear Sir or Madam,",
        "before": ["贵公司下列款项已超过约定的付款期限，经多次联系仍未收到付款。"]
        if zh
        else ["The items below have passed the agreed date of payment, and our reminders remain unanswered."],
        "items": [
            {
                "document": f"INV-2026-{n:06d}",
                "due": (date(2026, 10, 20) - timedelta(days=n)).isoformat(),
                "days": str(32 + n),
                "amount": format_minor(minor, "CNY", language),
                "level": level,
            }
            for n, minor in enumerate(amounts)
        ],
        "total": format_minor(sum(amounts), "CNY", language),
        "has_level": True,
        "deductions": [],
        "closing": _figure(sum(amounts), language),
        "words": amount_in_words(sum(amounts), "CNY", language),
        "deadline": {
            "text": "请最迟于右列日期前将全部款项汇至下列账户。"
            if zh
            else "Please let the full amount reach the account below no later than",
            "on": "2026-11-28",
        },
        "bank": [
            ["户名", "华芯电子股份有限公司"],
            ["开户行", "中国银行深圳科技园支行"],
            ["账号", "7777 8888 9999 0000"],
        ]
        if zh
        else [["Name", "Huaxin Electronics Co., Ltd."], ["Bank", "Bank of China, Shenzhen"], ["Account", "7777 8888"]],
        "after": ["逾期未付的，我司将暂停发货，并依合同约定主张权利。若款项已付，请忽略本函并告知付款日期。"]
        if zh
        else [
            "Failing this we shall suspend shipments and rely on the contract. If you have paid, please tell us when."
        ],
        "sign_off": ["华芯电子股份有限公司", "2026 年 11 月 21 日"]
        if zh
        else ["Huaxin Electronics Co., Ltd.", "21 November 2026"],
        "labels": _ZH_LETTER_LABELS if zh else _EN_LETTER_LABELS,
    }


STATEMENT_SAMPLE: dict[str, Data] = {language: statement(language) for language in ("zh_CN", "en")}
LETTER_SAMPLE: dict[str, Data] = {language: letter(language) for language in ("zh_CN", "en")}


def changed(sample: Data, **fields: object) -> Data:
    """A copy of a sample with other fields."""
    return {**deepcopy(sample), **fields}
