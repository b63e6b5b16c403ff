"""Defines the canonical columns of the three kinds of file, and their synonyms.

Invariant: a header or word belongs to at most one column or value within its kind of file (a test checks it), so no
column is mapped ambiguously.
"""

from __future__ import annotations

from typing import Final, Literal

from kernel.i18n import mark
from kernel.sheets import header_key
from kernel.sheets.mapping import Target

FileKind = Literal["customers", "open-items", "receipts"]
FILE_KINDS: Final[tuple[FileKind, ...]] = ("customers", "open-items", "receipts")


_CUSTOMER_NO = Target(
    "customer_no",
    True,
    mark("Customer number"),
    (
        "客户编码",
        "客户编号",
        "客户代码",
        "客户号",
        "往来单位编码",
        "cust_no",
        "cust_number",
        "customer_id",
        "customer code",
    ),
    "00017",
)
_CURRENCY = Target("currency", True, mark("Currency"), ("币种", "币别", "货币", "币种代码", "ccy"), "CNY")
_AMOUNT = Target(
    "amount", True, mark("Amount"), ("金额", "价税合计", "单据金额", "含税金额", "total amount"), "12800.50"
)

FIELDS: Final[dict[FileKind, tuple[Target, ...]]] = {
    "customers": (
        _CUSTOMER_NO,
        Target(
            "name",
            True,
            mark("Name"),
            ("客户名称", "名称", "客户", "公司名称", "单位名称", "customer_name"),
            "深圳华芯电子有限公司",
        ),
        Target("entity_type", False, mark("Entity type"), ("客户类型", "主体类型", "企业类型", "单位性质"), "公司"),
        Target("tax_id", False, mark("Tax id"), ("统一社会信用代码", "税号", "纳税人识别号", "vat_id"), ""),
        Target("owner_email", False, mark("Owner's e-mail"), ("业务员邮箱", "负责人邮箱", "销售员邮箱", "owner"), ""),
        Target("contact_name", False, mark("Contact"), ("联系人", "联系人姓名", "contact person"), "王敏"),
        Target(
            "contact_email",
            False,
            mark("Contact's e-mail"),
            ("联系人邮箱", "邮箱", "电子邮箱", "电子邮件", "email"),
            "ap@example.com",
        ),
        Target(
            "term_days",
            False,
            mark("Credit term in days"),
            ("信用期限", "信用期", "账期", "账期天数", "付款天数", "payment terms"),
            "30",
        ),
        Target("settlement_days", False, mark("Settlement days"), ("结算天数", "结算期", "对账付款天数"), "5"),
        Target("language", False, mark("Language"), ("语言", "语种"), "zh_CN"),
    ),
    "open-items": (
        _CUSTOMER_NO,
        Target(
            "customer_name",
            False,
            mark("Customer name"),
            ("客户名称", "客户", "单位名称", "公司名称"),
            "深圳华芯电子有限公司",
        ),
        Target(
            "document_no",
            True,
            mark("Document number"),
            ("单据号", "单据编号", "单号", "发票号", "发票号码", "invoice_no", "invoice number"),
            "INV-2026-0001",
        ),
        Target("kind", True, mark("Document type"), ("单据类型", "类型", "单据种类", "type", "document kind"), "发票"),
        Target(
            "document_date",
            True,
            mark("Document date"),
            ("单据日期", "日期", "开票日期", "发票日期", "业务日期", "invoice_date"),
            "2026-09-30",
        ),
        Target("due_date", False, mark("Due date"), ("到期日", "到期日期", "应收日期", "付款到期日"), "2026-10-30"),
        _CURRENCY,
        _AMOUNT,
    ),
    "receipts": (
        _CUSTOMER_NO,
        Target(
            "receipt_no",
            True,
            mark("Receipt number"),
            ("收款单号", "收款单编号", "单据号", "单据编号", "payment_no", "payment number"),
            "RC-2026-0001",
        ),
        Target(
            "received_on",
            True,
            mark("Received on"),
            ("收款日期", "到账日期", "日期", "单据日期", "receipt_date", "payment_date"),
            "2026-10-28",
        ),
        _CURRENCY,
        Target("amount", True, mark("Amount"), ("金额", "收款金额", "到账金额", "实收金额"), "10000.00"),
        Target(
            "applies_to",
            False,
            mark("Pays documents"),
            ("核销单据", "核销明细", "对应单据", "核销发票"),
            "INV-2026-0001:10000.00",
        ),
    ),
}

KIND_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "invoice": ("发票", "销售发票", "蓝字发票", "应收单", "inv", "sales invoice"),
    "debit_note": ("借项通知单", "借项", "借项单", "debit"),
    "credit_note": ("贷项通知单", "贷项", "贷项单", "红字", "红字发票", "红字通知单", "红字应收单", "credit"),
}
ENTITY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "company": ("公司", "企业", "法人", "有限公司", "股份公司", "企业法人"),
    "sole_trader": ("个体", "个体户", "个体工商户", "sole proprietor"),
    "person": ("个人", "自然人", "individual"),
    "government": ("政府", "机关", "政府机关", "党政机关"),
    "institution": ("事业单位", "机构", "社会团体", "社会组织"),
}
CURRENCY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "CNY": ("RMB", "人民币", "人民币元"),
    "USD": ("美元", "美金"),
    "EUR": ("欧元",),
    "JPY": ("日元", "日圆"),
    "HKD": ("港币", "港元"),
    "GBP": ("英镑",),
}
LANGUAGE_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "zh_CN": ("zh", "中文", "简体中文", "汉语", "chinese"),
    "en": ("英文", "英语", "english"),
}


#: Canonical name → label; a name means the same in every kind of file (a test walks them).
LABELS: Final[dict[str, str]] = {each.name: each.label for columns in FIELDS.values() for each in columns}


def fields(kind: FileKind) -> tuple[Target, ...]:
    """Returns the canonical columns of a kind of file, in order."""
    return FIELDS[kind]


def known_headers(kind: FileKind) -> set[str]:
    """Returns every known header of a kind of file, in its compared form."""
    return {key for each in FIELDS[kind] for key in each.keys()}  # noqa: SIM118 - a method of Target


def words(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Returns compared word → value; the value itself is among the words."""
    return {header_key(word): value for value, others in table.items() for word in (value, *others)}
