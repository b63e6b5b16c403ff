"""Headers of bank exports, by field, and the headers that identify each bank's export. Data only.

Headers stand in their compared form (`plain` in `layout`): half-width, lower case, without blanks, units and
notes in brackets; a note that says a direction ("交易金额(收入)") is part of it.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from kernel.sheets import DateOrder

#: Traditional characters of headers and marks, as banks in Hong Kong and Taiwan write them, to those used here.
SIMPLIFIED: Final = str.maketrans(
    "額帳賬號幣戶餘轉貸貨備註對類狀態間時單據機構銀錄摘細編碼詳說訊種匯項業務發幫處記實際",
    "额账账号币户余转贷货备注对类状态间时单据机构银录摘细编码详说讯种汇项业务发帮处记实际",
)


def listed(*texts: str) -> tuple[str, ...]:
    """Returns the words of the texts; a header in its compared form has no blanks."""
    return tuple(word for text in texts for word in text.split())


def _joined(*parts: tuple[str, ...]) -> tuple[str, ...]:
    """Returns every combination of the parts, in order of preference."""
    return tuple(dict.fromkeys("".join(each) for each in product(*parts)))


def _amounts(stems: tuple[str, ...]) -> tuple[str, ...]:
    """Returns headers of a one-sided amount (贷方发生额, 交易金额收入, creditamount), what is booked first."""
    words = ("记账金额", "入账金额", "发生额", "金额", "发生金额", "交易金额", "交易发生额", "额", "amount", "amt", "")
    return tuple(dict.fromkeys(text for word in words for stem in stems for text in (stem + word, word + stem)))


_OTHER_SIDE: Final = (
    *listed(
        "对方 对手 对手方 交易对手 交易对方 收/付方 收付方 收/付款方 收付款方 往来单位 往来方 对方单位",
        "对方账户 对方客户",
    ),
)
#: Stems that say a direction only beside their counterpart: 付款金额 is what a customer paid in a merchant's bill.
PAIRED_ONLY: Final = ("收款", "付款", "收", "付")
_IN: Final = (
    *listed("贷方 贷 收入 存入 转入 收方 入账 入帐 进账 汇入 流入"),
    *("来账", *PAIRED_ONLY[::2]),
    *listed(
        "credit credits cr deposit deposits moneyin paidin cashin receipts received haben gutschrift",
        "gutschriften crédit abono abonos haber ingreso ingresos avere accrediti entrate entrées bij",
        "uznania indbetaling innpåkonto inn ind insättning insättningar pano wpływy příjem bevétel jóváírás",
        "giriş alacak crédito entrada entradas 存款 預かり お預り お預入れ 入金 입금",
    ),
)
_OUT: Final = (
    *(
        "借方",
        "借",
        "支出",
        "支取",
        "取出",
        "转出",
        "付方",
        "出账",
        "出帐",
        "汇出",
        "流出",
        "往账",
        "付出",
        *PAIRED_ONLY[1::2],
    ),
    *listed(
        "debit debits dr withdrawal withdrawals moneyout paidout cashout payments soll lastschrift",
        "belastung belastungen débit cargo cargos debe gasto gastos dare addebiti uscite sorties af",
        "obciążenia udbetaling utfrakonto ut ud uttag otto wydatki výdaj kiadás terhelés çıkış borç débito",
        "saída saídas 提款 支払い お支払 お引出し 出金 출금",
    ),
)
#: Field → headers, in the order in which they are preferred where a file has several.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "booked_on": (
        *listed(
            "记账日期 记账日 记帐日期 入账日期 入账日 入帐日期 过账日期 记账时间 入账时间 交易日期 交易日",
            "交易时间 交易时间戳 发生时间 发生日期 业务日期 到账日期 到账时间 完成时间 付款时间 支付时间",
            "交易创建时间 创建时间 日期 日期时间 时间 bookingdate postingdate posteddate dateposted",
            "postdate completeddate transactiondate transactiontime transdate txndate tradedate entrydate",
            "datecompleted completeddateutc createdutc created date dateandtime datetime buchungstag",
            "buchungsdatum buchung datum boekdatum datecomptable",
            "dateopération dateoperation datedopération fecha fechaoperación fechaoperacion fechacontable",
            "data dataoperazione datacontabile dataoperacji dataksięgowania dataregistrazione datamovimento",
            "bookedat dateprocessed trandate operationdate finishedon completedon createdon dateexécution",
            "datedexécution datedelopération datedecomptabilisation fechaoperativa foperativa dato bogført",
            "bogføringsdato bokført bokföringsdag bokföringsdatum transaktionsdag kirjauspäivä kirjauspvm",
            "datumzaúčtování datumzauctovani datumprovedení datumprovedeni tranzakciódátuma könyvelésdátuma",
            "tarih işlemtarihi datalançamento 账务日期 作账日 日付 取引日 お取引日 年月日 거래일시 거래일자 거래일",
        ),
    ),
    "value_on": (
        *listed(
            "起息日期 起息日 起息时间 availableon availableonutc valuedate valuta valutadatum wertstellung",
            "wertstellungsdatum",
            "datevaleur datedevaleur fechavalor fvalor rentedatum datavaluta datawaluty valuedt valutadate wert",
            "settlementdate settlementdateutc rentedato valørdato valutadag arvopäivä értéknap",
        ),
    ),
    "out": _amounts(_OUT),
    "in": _amounts(_IN),
    "amount": (
        *listed(
            "记账金额 入账金额 收支金额 交易金额 发生额 发生金额 交易发生额 本次发生额 交易额 结算金额",
            "变动金额 商家实收 金额 totalamount netamount net amount tradeamount transactionamount",
            "billingamount postedamount betrag netto umsatz montant montantdelopération importe bedrag importo",
            "kwota kwotaoperacji credit/debitamount belopp beløb beløp määrä summa tutar összeg",
            "tranzakcióösszege částka castka valor 入出金 value",
        ),
    ),
    "mark": (
        *listed(
            "借贷标志 借贷标识 借贷标记 借贷方向 借贷别 借贷 借/贷 收支方向 收支标志 收支类型 收支 收/支",
            "收付标志 收付方向 收付标识 收付 收/付 收入/支出 支出/收入 扣账/入账 存取标志 存/取 交易方向",
            "资金方向 资金流向 方向 dc d/c c/d dr/cr cr/dr debit/credit credit/debit debitcredit",
            "creditdebit debitcreditindicator creditdebitindicator direction sign soll/haben haben/soll",
            "s/h sollhaben sollhabenkennzeichen auswirkungaufguthaben balanceimpact d/k debet/kredit 入払区分",
            "debe/haber dare/avere af/bij afbij sens 交易类型 业务类型",
            "类型 transactiontype type",
        ),
    ),
    "status": (
        *listed(
            "交易状态 当前状态 记账状态 入账状态 订单状态 支付状态 处理状态 状态 transactionstatus",
            "paymentstatus bookingstatus status state statut stato estado tila stav durum állapot",
        ),
    ),
    "name": (
        *_joined(
            _OTHER_SIDE,
            ("户名", "名称", "账户名称", "帐户名称", "账号名称", "帐号名称", "账户名", "账户户名", "姓名", "单位名称"),
        ),
        *_joined(_OTHER_SIDE, ("单位", "客户名称", "公司名称", "信息")),
        *listed(
            "交易对手 交易对方 对方单位 往来单位 对手方 对方 对手 付款方户名 name/description",
            "nomdelacontrepartie begünstigter/auftraggeber empfänger/zahlungspflichtiger empfaenger1 saaja/maksaja",
            "nadawca/odbiorca názevprotiúčtu nazevprotiuctu counteraccountname partnerneve beneficiary/payer",
            "counterparty",
            "counterpartyname partnername payername name remitter remittername auftraggeber/begünstigter",
            "begünstigter/zahlungspflichtiger beguenstigter/zahlungspflichtiger auftraggeber/empfänger",
            "empfänger/auftraggeber namedespartners namezahlungsbeteiligter naamtegenpartij tegenpartij",
            "naam/omschrijving contrepartie beneficiario/ordenante",
        ),
    ),
    "account": (
        *_joined(
            _OTHER_SIDE, ("账号", "帐号", "账户", "帐户", "卡号", "卡号/账号", "卡号/帐号", "账户号", "账号/卡号")
        ),
        *listed(
            "counterpartyaccount counterpartyaccountnumber counterpartyiban partneriban payeraccount",
            "ibanzahlungsbeteiligter kontonummer/iban iban/kontonummer tegenrekening",
            "tegenrekeningiban/bban rekeningnummertegenpartij contrepartie tilinumero protiúčet protistrana",
            "partnerszámlaszáma numerkonta counterparty",
        ),
        "iban",
    ),
    "bank": (
        *_joined(_OTHER_SIDE, ("开户行", "开户行名", "开户行名称", "开户银行", "开户机构", "开户网点", "行名", "银行")),
        *("交易行名", *_joined(_OTHER_SIDE, ("行号", "开户行号", "开户行行号", "机构"))),
        *listed("counterpartybank payerbank bic bicswift-code counterpartybic"),
    ),
    "payer": (
        *_joined(("付款人", "付款方", "付款单位"), ("名称", "户名", "账户名称", "")),
        *listed("payersname payer zahlungspflichtige*r zahlungspflichtiger ordenante"),
    ),
    "payer_account": (
        *_joined(("付款人", "付款方", "付款"), ("账号", "帐号", "账户")),
        *listed("debitaccountno payeraccountnumber"),
    ),
    "payer_bank": _joined(("付款人", "付款方", "付款"), ("开户行名", "开户行", "开户行名称", "行名", "行", "开户行号")),
    "payee": (
        *_joined(("收款人", "收款方", "收款单位"), ("名称", "户名", "账户名称", "")),
        *listed("beneficiarysname beneficiary beneficiaryname payee zahlungsempfänger*in zahlungsempfänger"),
    ),
    "payee_account": (
        *_joined(("收款人", "收款方", "收款"), ("账号", "帐号", "账户")),
        *listed("beneficiaryaccountno payeeaccountnumber beneficiaryiban beneficiaryaccountnumber"),
    ),
    "payee_bank": _joined(("收款人", "收款方", "收款"), ("开户行名", "开户行", "开户行名称", "行名称", "行名", "行")),
    "reference": (
        *listed(
            "账户明细编号-交易流水号 交易流水号 主机交易流水号 核心流水号 银行流水号 网银流水号",
            "系统流水号 流水号 交易流水 账务流水号 微信支付业务单号 资金流水单号 支付宝交易号 微信订单号",
            "交易单号 交易订单号 交易号 业务流水号 机构柜员流水 日志号 回单编号 交易参考号 参考号 凭证号",
            "凭证号码 transactionreferencenumber bankreference transactionid transferwiseid fitid id volgnr",
            "balancetransactionid transactionreference referenceno referencenumber",
        ),
    ),
    "customer_reference": (
        *listed(
            "企业流水号 业务参考号 客户业务编号 客户申请号 商户订单号 商家订单号 商户单号 业务凭证号",
            "clientreference endtoendid end-to-endid end-to-endreferenz kundenreferenzend-to-end customerreference",
        ),
    ),
    "currency": (
        *listed(
            "记账币种 入账币种 结算币种 币种 币别 交易币种 交易货币 货币 货币种类 currency paymentcurrency",
            "tradecurrency billingcurrency accountcurrency ccy währung waehrung whg devise deviseducompte divisa",
            "munt waluta měna mena tranzakciódevizaneme devizanem 通貨 통화",
        ),
    ),
    "balance": (
        *listed(
            "余额 账户余额 交易后余额 联机余额 本次余额 当前余额 账面余额 活动后余额 结余 账户结余",
            "balance runningbalance accountbalance after-transactionbalance kontostand saldo",
            "saldonachbuchung saldonamutatie saldonatrn runningbal solde saldodisponible closingbalance bal",
            "saldopooperacji saldopotransakcji guthaben disponible bakiye egyenleg zůstatek zustatek",
            "差引残高 残高 取引后残高 取引後残高 잔액 availablebalance ledgerbalance",
        ),
    ),
    "own_account": (
        *listed(
            "本方账号 本方帐号 本方账户 我方账号 我方帐号 查询账号 交易账号 账号 帐号 账户 accountnumber",
            "ownaccount accountno account auftragskonto ibanauftragskonto rekening",
        ),
    ),
}
#: Numbers that may be the payer's or a paper's: they say nothing about which movement a row is.
NOT_IDS: Final = frozenset(listed("referenceno referencenumber 凭证号 凭证号码 参考号 交易参考号 回单编号"))
#: Columns that are a direction in one bank's file and another kind of word (转账, 消费) in the next.
WEAK_MARKS: Final = frozenset({"交易类型", "业务类型", "类型", "transactiontype", "type", "sign"})
#: All of these that are there are joined: every bank has its own idea where the debtor's words belong.
TEXTS: Final = (
    *listed(
        "用途 交易用途 附言 交易附言 客户附言 转账附言 附加信息 备注 交易备注 备注信息 摘要 交易摘要",
        "业务摘要 其它摘要 客户摘要 摘要说明 用途摘要 交易说明 交易描述 交易详情 业务描述 商品名称",
        "商品说明 商品 个性化信息 purpose remark remarks remittance remittanceinformation description",
        "transactiondescription details transactiondetails memo narrative narration particulars",
        "paymentdetails paymentreference reference ref additionalreference notifications subject message",
        "note notes verwendungszweck buchungstext",
        "vorgang/verwendungszweck umsatztext mitteilung libellé libelle concepto omschrijving",
        "omschrijving-1 omschrijving-2 omschrijving-3 mededelingen causale descrizione tytuł opisoperacji",
        "descrizioneestesa text tekst forklaring rubrik viesti viite communication détails libelleoperation",
        "libellesimplifie informationscomplementaires détaildelécriture másdatos movimiento observaciones",
        "transactionremarks bankdescription avisierungstext beschreibung1 beschreibung2 beschreibung3",
        "zahlungszweck opistransakcji közlemény popis zprávapropříjemce açıklama descrição notesandtags",
        "vrijemededeling gestructureerdemededeling 摘要内容 入出金内容 内容 적요",
    ),
)
#: Words within a header of a column of money that is not what moved: such a column is no doubt about the amounts.
NOT_MOVED: Final = (
    *listed(
        "余额 结余 残高 手续费 服务费 费率 费用 汇率 牌价 税 折扣 优惠 红包 代金券 积分 集分宝 核销 分润 限额",
        "冻结 数量 笔数 单价 原币 交易货币 申请 balance saldo solde kontostand fee fees charge charges rate",
        "rates kurs tax vat discount quantity limit",
    ),
)
#: Words within a header that make it one of money.
MONEY_WORDS: Final = (
    *listed(
        "金额 发生额 amount betrag montant importe bedrag importo 收入 支出 存入 支取 转入 转出 借方 贷方",
        "credit debit deposit withdraw paid moneyin moneyout belopp beløb kwota částka castka tutar summa",
    ),
)
#: Profile → headers of which all must be there; the first that fits names the bank or service.
PROFILES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("wechat", ("微信支付业务单号", "收支类型", "收支金额")),
    ("wechat", ("微信订单号", "商户订单号", "交易状态", "货币种类")),
    ("wechat", ("交易单号", "商户单号", "收/支", "当前状态")),
    ("alipay", ("账务流水号", "业务流水号", "商户订单号")),
    ("alipay", ("支付宝交易号", "商户订单号", "业务类型")),
    ("alipay", ("交易订单号", "商家订单号", "收/支", "交易状态")),
    ("icbc", ("凭证号", "对方单位名称", "借方发生额", "贷方发生额")),
    ("icbc", ("借/贷", "对方单位", "个性化信息")),
    ("icbc", ("借贷标志", "对方单位", "转入金额", "转出金额")),
    ("icbc", ("钞/汇", "记账金额收入", "记账金额支出")),
    ("ccb", ("对方开户机构", "借方发生额", "贷方发生额")),
    ("ccb", ("账户明细编号-交易流水号",)),
    ("boc", ("付款人名称", "收款人名称", "交易金额")),
    ("boc", ("记账日期", "对方账户名", "对方卡号/账号")),
    ("cmb", ("收/付方名称", "收/付方账号", "贷方金额")),
    ("cmb", ("收/付方名称", "收/付方帐号", "贷方金额")),
    ("cmb", ("联机余额", "对手信息")),
    ("bocom", ("序号", "借贷", "交易地点")),
    ("bocom", ("借贷标志", "对方户名", "记账日期", "凭证种类")),
    ("citic", ("对方账户名称", "借方发生额", "贷方发生额", "账户余额")),
    ("citic", ("柜员交易号", "借方发生额", "贷方发生额")),
    ("spdb", ("交易流水号", "对手名称", "摘要代码")),
    ("spdb", ("交易对手名称", "存入金额", "取出金额")),
    ("abc", ("收入金额", "支出金额", "对方户名", "交易行名")),
    ("abc", ("收入金额", "支出金额", "对方户名", "交易用途")),
    ("abc", ("对手信息", "日志号", "交易渠道")),
    ("cmbc", ("主机交易流水号", "借方发生额", "贷方发生额")),
    ("wise", ("transferwiseid", "runningbalance")),
    ("chase", ("details", "postingdate", "checkorslip")),
    ("uk", ("sortcode", "accountnumber")),
)
#: Headers of exports that write money out with a minus in its own column, on every row: Deutsche Bank and Postbank,
#: Banque Populaire, Intesa Sanpaolo, PostFinance, Monzo (their own exports of 2024 to 2026, as users publish them).
OUT_NEGATIVE: Final[tuple[tuple[str, ...], ...]] = (
    ("begünstigter/auftraggeber", "soll", "haben"),
    ("libellesimplifie", "debit", "credit"),
    ("datacontabile", "accrediti", "addebiti"),
    ("avisierungstext", "gutschrift", "lastschrift"),
    ("localamount", "moneyout", "moneyin"),
)
#: Headers of a mark under which D and K stand for debit and credit (Baltic and Nordic banks).
DEBET_KREDIT: Final = frozenset({"d/k", "debet/kredit", "debit/credit", "deebet/kreedit"})
DEBET_KREDIT_MARKS: Final[dict[str, str]] = {"K": "in", "D": "out", "C": "in"}
PROFILE_NAMES: Final[dict[str, str]] = {
    "icbc": "工行 ICBC",
    "ccb": "建行 CCB",
    "boc": "中行 BOC",
    "cmb": "招行 CMB",
    "abc": "农行 ABC",
    "bocom": "交行 BoCom",
    "citic": "中信 CITIC",
    "spdb": "浦发 SPDB",
    "cmbc": "民生 CMBC",
    "alipay": "支付宝 Alipay",
    "wechat": "微信支付 WeChat Pay",
    "wise": "Wise",
    "chase": "Chase",
    "uk": "",
    "generic": "",
}
#: Profile → the order in which its dates are always written, whatever the language of the account.
DATE_ORDERS: Final[dict[str, DateOrder]] = {"wise": "dmy", "chase": "mdy", "uk": "dmy"}
#: WeChat's bill of trades says by its status which of its two amounts moved.
TRADE_BILL: Final = {
    "headers": ("微信订单号", "商户订单号", "交易状态"),
    "in": ("应结订单金额", "总金额", "订单金额"),
    "out": ("退款金额",),
}
#: Alipay's bill of trades: its kinds of business are directions there and nowhere else.
BUSINESS_BILL: Final = ("支付宝交易号", "商户订单号", "业务类型")
BUSINESS_MARKS: Final[dict[str, str]] = {"交易": "in", "退款": "out"}
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
    "新加坡币": "SGD",
    "泰铢": "THB",
    "卢布": "RUB",
    "新台币": "TWD",
    "新西兰元": "NZD",
    "丹麦克朗": "DKK",
    "瑞典克朗": "SEK",
    "挪威克朗": "NOK",
    "马来西亚林吉特": "MYR",
    "印度卢比": "INR",
    "港幣": "HKD",
    "美金": "USD",
}
