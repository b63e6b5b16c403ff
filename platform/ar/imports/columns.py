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
        *(
            "客户编码",
            "客户编号",
            "客户代码",
            "客户号",
            "往来单位编码",
            "客户编码*",
            "购货单位代码",
            "客户.编码",
            "债务人编号",
        ),
        *(
            "cust_no",
            "cust_number",
            "customer_id",
            "customer code",
            "customer no",
            "customer account",
            "account number",
        ),
        *("sold-to party", "debitor", "debitorennummer", "kundennummer", "konto", "account", "kunden-nr."),
        *("customer #", "cust id", "client id", "client code", "debtor no", "debtor code", "party code"),
        *("n° client", "código cliente", "客戶編號", "客戶代碼"),
    ),
    "00017",
    likes=("客户编", "客户代码", "kundennr", "customerno", "customernumber", "customerid", "accountno"),
)
_CUSTOMER_NAME: Final = (
    *(
        "客户名称",
        "customer",
        "客户",
        "单位名称",
        "公司名称",
        "客户简称",
        "客户全称",
        "购货单位",
        "往来单位",
        "往来单位名称",
        "客商名称",
    ),
    *("contact name", "contactname", "customer full name", "customer name", "partner", "party", "party name"),
    *("invoice partner display name", "partner/display name", "client", "client name", "debtor", "debtor name"),
    *(
        "name 1",
        "debitor name",
        "kundenname",
        "kunde",
        "name des kunden",
        "bill to",
        "company name",
        "company",
        "客戶名稱",
        "客商",
    ),
)
_CURRENCY = Target(
    "currency",
    True,
    mark("Currency"),
    (
        *("币种", "币别", "货币", "币种代码", "原币币种", "币种名称", "结算币种", "幣別", "ccy", "currency code"),
        *("document currency", "doc. currency", "doccurrency", "curr.", "curr", "invoice currency", "crcy"),
        *("währung", "belegwährung", "währg", "waehrung", "devise", "moneda", "valuta"),
        *("local currency", "lcurr", "lcur", "local crcy", "hauswährung", "hwähr", "本位币", "本币"),
    ),
    "CNY",
    shape="currency",
    likes=("币种", "币别", "currency", "währung"),
)
#: What is still open outranks what was once invoiced: a file of open items may say both.
_AMOUNT = Target(
    "amount",
    True,
    mark("Amount"),
    (
        *("金额", "价税合计", "单据金额", "含税金额", "total amount", "发票金额", "应收金额", "原币金额", "本币金额"),
        *("amount in document currency", "amount in doc. curr.", "amount in doc curr", "amount in local currency"),
        *("amount in lc", "amount in local cur.", "betrag in belegwährung", "betrag in bw", "betrag in hauswährung"),
        *("betrag in hw", "betrag", "invoice amount", "total", "invoiced amount", "grand total", "total incl. tax"),
        *(
            "montant",
            "importe",
            "金額",
            "invoice total",
            "amt",
            "价税合计本位币",
            "total signed",
            "gross amount",
            "gross",
        ),
    ),
    "12800.50",
    shape="amount",
    likes=("余额", "金额", "amount", "betrag", "balance", "total"),
    better=(
        *(
            "未核销金额",
            "未收金额",
            "未收款金额",
            "应收余额",
            "原币余额",
            "本币余额",
            "未结算金额",
            "余额",
            "未核销原币金额",
        ),
        *("amount due", "invoiceamountdue", "outstanding amount", "outstanding", "open balance", "balance due"),
        *("amount due signed", "amount due (signed)", "residual amount", "open amount", "remaining amount"),
        *("amount outstanding", "offener betrag", "balance", "未收金額", "未核销", "amount residual", "open amt"),
    ),
)
_DOCUMENT_DATE_NAMES: Final = (
    *(
        "单据日期",
        "日期",
        "开票日期",
        "发票日期",
        "业务日期",
        "invoice_date",
        "入账日期",
        "记账日期",
        "制单日期",
        "立账日期",
    ),
    *(
        "invoice date",
        "invoicedate",
        "document date",
        "doc. date",
        "doc date",
        "date",
        "posting date",
        "invoice/bill date",
    ),
    *("transaction date", "txn date", "bill date", "date of issue", "issue date", "belegdatum", "rechnungsdatum"),
    *("buchungsdatum", "buchungsdat.", "date facture", "fecha", "fecha factura", "單據日期", "發票日期"),
)
_DUE_DATE = Target(
    "due_date",
    False,
    mark("Due date"),
    (
        *(
            "到期日",
            "到期日期",
            "应收日期",
            "付款到期日",
            "收款到期日",
            "最后付款日",
            "约定付款日",
            "预计收款日",
            "到期收款日",
        ),
        *(
            "due",
            "duedate",
            "net due date",
            "net due dt",
            "payment due date",
            "invoice due date",
            "due on",
            "maturity date",
        ),
        *("nettofälligkeit", "fälligkeit", "fällig am", "fälligkeitsdatum", "nettofäll.", "échéance", "vencimiento"),
        *("到期日(计划)", "期限", "due date (tcy)", "expiry date", "到期日期*"),
    ),
    "2026-10-30",
    shape="date",
    likes=("到期", "due", "fällig"),
)
_OWNER = Target(
    "owner",
    False,
    mark("Salesperson"),
    (
        *(
            "业务员",
            "销售员",
            "业务员姓名",
            "业务员名称",
            "销售人员",
            "销售代表",
            "负责人",
            "客户经理",
            "跟单员",
            "专管业务员",
        ),
        *(
            "salesperson",
            "sales person",
            "sales rep",
            "sales representative",
            "account manager",
            "verkäufer",
            "vertreter",
        ),
        *("invoice user", "salesman", "owner name", "專管業務員", "業務員"),
    ),
    "",
    likes=("业务员", "销售员", "salesperson", "salesrep"),
)

FIELDS: Final[dict[FileKind, tuple[Target, ...]]] = {
    "customers": (
        _CUSTOMER_NO,
        Target(
            "name",
            True,
            mark("Name"),
            (
                "名称",
                *_CUSTOMER_NAME,
                "contact name (company)",
                "legal name",
                "display name",
                "display name on invoice",
            ),
            "深圳华芯电子有限公司",
            likes=("客户名", "companyname", "customername"),
        ),
        Target("entity_type", False, mark("Entity type"), ("客户类型", "主体类型", "企业类型", "单位性质"), "公司"),
        Target(
            "tax_id",
            False,
            mark("Tax id"),
            (
                *("统一社会信用代码", "税号", "纳税人识别号", "vat_id", "纳税人登记号", "纳税登记号", "tax number"),
                *("vat number", "vat registration number", "tax id", "gstin", "ust-idnr.", "ust-idnr", "taxnumber"),
            ),
            "",
            likes=("税号", "信用代码", "纳税人", "vat"),
        ),
        Target(
            "owner_email",
            False,
            mark("Owner's e-mail"),
            ("业务员邮箱", "负责人邮箱", "销售员邮箱", "owner email"),
            "",
            shape="email",
        ),
        Target(
            "contact_name",
            False,
            mark("Contact"),
            (
                *(
                    "联系人",
                    "联系人姓名",
                    "contact person",
                    "首要联系人",
                    "主要联系人",
                    "ansprechpartner",
                    "primary contact",
                ),
                *("attention", "full name"),
            ),
            "王敏",
            likes=("联系人", "contactperson", "ansprechpartner"),
        ),
        Target(
            "contact_email",
            False,
            mark("Contact's e-mail"),
            (
                *(
                    "联系人邮箱",
                    "邮箱",
                    "电子邮箱",
                    "电子邮件",
                    "email",
                    "e-mail",
                    "emailaddress",
                    "email address",
                    "mail",
                ),
                *("e-mail-adresse", "联系人email", "电邮", "email id"),
            ),
            "ap@example.com",
            shape="email",
            likes=("邮箱", "邮件", "email", "mail"),
        ),
        Target(
            "term_days",
            False,
            mark("Credit term in days"),
            (
                *("信用期限", "信用期", "账期", "账期天数", "付款天数", "payment terms", "credit days", "信用天数"),
                *("收款期限", "due days", "payment terms (days)", "zahlungsziel", "net days"),
            ),
            "30",
            shape="number",
            likes=("账期", "信用期", "creditdays"),
        ),
        Target("settlement_days", False, mark("Settlement days"), ("结算天数", "结算期", "对账付款天数"), "5"),
        Target("language", False, mark("Language"), ("语言", "语种", "sprache"), "zh_CN"),
        _OWNER,
    ),
    "open-items": (
        _CUSTOMER_NO,
        Target(
            "customer_name",
            False,
            mark("Customer name"),
            _CUSTOMER_NAME,
            "深圳华芯电子有限公司",
            likes=("客户名", "单位名", "customername", "clientname", "partner"),
        ),
        Target(
            "document_no",
            True,
            mark("Document number"),
            (
                *(
                    "单据号",
                    "单据编号",
                    "单号",
                    "发票号",
                    "发票号码",
                    "invoice_no",
                    "invoice number",
                    "应收单号",
                    "票号",
                ),
                *("invoicenumber", "document number", "documentno", "document no", "doc no", "doc. no.", "doc number"),
                *("num", "number", "no.", "invoice #", "voucher no", "voucher number", "billing document", "invoice"),
                *("belegnummer", "belegnr", "beleg-nr.", "rechnungsnummer", "rechnungsnr", "belegnr.", "n° facture"),
                *(
                    "bill no",
                    "bill number",
                    "ref no",
                    "invoice id",
                    "transaction number",
                    "單據編號",
                    "發票號碼",
                    "核销单据号",
                ),
            ),
            "INV-2026-0001",
            likes=("单据编", "单据号", "发票号", "invoiceno", "invoicenumber", "documentn", "belegn", "voucherno"),
        ),
        Target(
            "kind",
            True,
            mark("Document type"),
            (
                *("单据类型", "类型", "单据种类", "type", "document kind", "发票类型", "单据名称", "业务类型"),
                *(
                    "document type",
                    "doc. type",
                    "doc type",
                    "transaction type",
                    "voucher type",
                    "invoice type",
                    "txn type",
                ),
                *("belegart", "art", "dokumentart", "move type", "單據類型", "typ", "doc.type"),
            ),
            "发票",
            shape="word",
            likes=("单据类型", "documenttype", "doctype", "belegart", "vouchertype", "transactiontype"),
        ),
        Target(
            "document_date",
            True,
            mark("Document date"),
            _DOCUMENT_DATE_NAMES,
            "2026-09-30",
            shape="date",
            likes=("单据日期", "开票日期", "invoicedate", "documentdate", "belegdatum", "postingdate", "日期", "date"),
        ),
        _DUE_DATE,
        _CURRENCY,
        _AMOUNT,
        _OWNER,
    ),
    "receipts": (
        _CUSTOMER_NO,
        Target(
            "receipt_no",
            True,
            mark("Receipt number"),
            (
                *(
                    "收款单号",
                    "收款单编号",
                    "单据号",
                    "单据编号",
                    "payment_no",
                    "payment number",
                    "收据号",
                    "payment id",
                ),
                *("reference", "receipt #", "receipt no", "voucher no", "number", "num", "belegnummer", "payment ref"),
            ),
            "RC-2026-0001",
            likes=("收款单", "receiptno", "paymentno", "单据编"),
        ),
        Target(
            "received_on",
            True,
            mark("Received on"),
            (
                *(
                    "收款日期",
                    "到账日期",
                    "日期",
                    "单据日期",
                    "receipt_date",
                    "payment_date",
                    "业务日期",
                    "date",
                    "posting date",
                ),
                *("date received", "paid on", "buchungsdatum", "zahlungsdatum", "belegdatum"),
            ),
            "2026-10-28",
            shape="date",
            likes=("收款日期", "到账", "paymentdate", "receiptdate", "日期", "date"),
        ),
        _CURRENCY,
        Target(
            "amount",
            True,
            mark("Amount"),
            (
                *(
                    "金额",
                    "收款金额",
                    "到账金额",
                    "实收金额",
                    "本次收款",
                    "amount received",
                    "paid amount",
                    "payment amount",
                ),
                *("total", "betrag", "amount in local currency", "betrag in hauswährung", "received amount"),
            ),
            "10000.00",
            shape="amount",
            likes=("收款金额", "实收", "amount", "betrag"),
        ),
        Target(
            "applies_to",
            False,
            mark("Pays documents"),
            (
                "核销单据",
                "核销明细",
                "对应单据",
                "核销发票",
                "invoice number",
                "invoice no",
                "applied to",
                "against invoice",
            ),
            "INV-2026-0001:10000.00",
        ),
    ),
}

#: Kinds of documents of other systems by their usual words; `receipt` is a payment that still stands open.
KIND_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "invoice": (
        *(
            "发票",
            "销售发票",
            "蓝字发票",
            "应收单",
            "inv",
            "sales invoice",
            "标准应收单",
            "其他应收单",
            "其它应收单",
            "普通发票",
        ),
        *(
            "销售专用发票",
            "销售普通发票",
            "增值税专用发票",
            "增值税普通发票",
            "专用发票",
            "电子发票",
            "数电专票",
            "数电普票",
        ),
        *(
            "数电票(增值税专用发票)",
            "数电票(普通发票)",
            "出口发票",
            "期初应收单",
            "应收期初",
            "销售调拨单",
            "零售日报",
            "销售出库单",
        ),
        *(
            "customer invoice",
            "tax invoice",
            "accrec",
            "out_invoice",
            "bill",
            "rechnung",
            "ausgangsrechnung",
            "facture",
        ),
        *(
            "rv",
            "dr",
            "f2",
            "ri",
            "re",
            "billing",
            "standard invoice",
            "sales invoices",
            "費用應收單",
            "應收單",
            "factura",
        ),
        *("accounts receivable invoice", "a/r invoice", "invoices", "service invoice", "费用应收单"),
    ),
    "debit_note": (
        *("借项通知单", "借项", "借项单", "debit", "debit memo", "l2", "lastschrift", "belastung", "belastungsanzeige"),
        *("finance charge", "late fee", "interest invoice"),
    ),
    "credit_note": (
        *("贷项通知单", "贷项", "贷项单", "红字", "红字发票", "红字通知单", "红字应收单", "credit", "credit memo"),
        *(
            "红字销售专用发票",
            "红字销售普通发票",
            "红字增值税专用发票",
            "红字其他应收单",
            "红票",
            "销售退货单",
            "退货单",
            "红字普通发票",
        ),
        *("customer credit note", "accreccredit", "out_refund", "creditmemo", "credit invoice", "refund", "return"),
        *("dg", "g2", "gutschrift", "avoir", "customer refund", "sales return", "sales credit note", "nota de crédito"),
        *("customer credit memo", "a/r credit memo", "credit notes", "adjustment note"),
    ),
    "receipt": (
        *("收款", "收款单", "预收款", "预收款单", "预收单", "payment", "customer payment", "payment receipt"),
        *(
            "dz",
            "zahlung",
            "zahlungseingang",
            "receive payment",
            "payment entry",
            "arreceipt",
            "overpayment",
            "prepayment",
        ),
        *("aroverpayment", "arprepayment", "accounts receivable payment", "unapplied cash", "advance", "ar-prepayment"),
        *("ar-overpayment", "收款單", "銀行收款", "期初预收", "期初收款单", "cash receipt", "on account", "anzahlung"),
    ),
}
ENTITY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "company": ("公司", "企业", "法人", "有限公司", "股份公司", "企业法人"),
    "sole_trader": ("个体", "个体户", "个体工商户", "sole proprietor"),
    "person": ("个人", "自然人", "individual"),
    "government": ("政府", "机关", "政府机关", "党政机关"),
    "institution": ("事业单位", "机构", "社会团体", "社会组织"),
}
CURRENCY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "CNY": ("RMB", "人民币", "人民币元", "元", "PRE001", "人民币(CNY)"),
    "USD": ("美元", "美金", "US$", "PRE007"),
    "EUR": ("欧元", "€", "PRE003"),
    "JPY": ("日元", "日圆", "PRE004"),
    "HKD": ("港币", "港元", "HK$", "PRE002"),
    "GBP": ("英镑", "£", "PRE006"),
    "TWD": ("新台币", "NT$", "PRE005"),
    "SGD": ("新加坡元", "新币"),
    "AUD": ("澳元", "澳大利亚元"),
    "CAD": ("加元", "加拿大元"),
    "KRW": ("韩元", "韩币"),
    "CHF": ("瑞士法郎",),
    "INR": ("卢比", "印度卢比"),
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


def words(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Returns compared word → value; the value itself is among the words."""
    return {header_key(word): value for value, others in table.items() for word in (value, *others)}
