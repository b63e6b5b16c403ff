"""Words of bank exports for the direction of money and for what became of a movement.

Invariant: a word that is not known here is not guessed: the row is named, and a person is asked about the word.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from ar.receipts.bank.formats.tables.names import SIMPLIFIED, listed

Direction = Literal["in", "out", "skip"]
State = Literal["booked", "pending", "skip"]

#: The account's own side: 借 (debit, Soll) is money out, 贷 (credit, Haben) is money in.
_OUT: Final = frozenset(
    listed(
        "借 借方 借记 支 支出 付 付款 付方 付出 转出 往账 往帐 往 出账 出帐 出 取 取款 取出 支取 汇出",
        "扣账 扣帐 扣款 扣 流出 转支 d db dr deb dbt dbit debit debits debet débit out outgoing outflow",
        "withdrawal withdraw s soll lastschrift belastung ausgang debe cargo dare addebito uscita af",
        "sortie gasto debet uttag utgift ud udgift otto wydatek výdaj kiadás çıkış borç débito saída 出金 출금 支払",
    )
)
_IN: Final = frozenset(
    listed(
        "贷 贷方 贷记 收 收入 收款 收方 收到 转入 来账 来帐 来 入账 入帐 入 进账 存 存入 汇入 流入 进",
        "转收 c cr crd crdt cre credit credits crédit in incoming inflow received receipt deposit h haben",
        "gutschrift eingang haber abono avere accredito entrata bij entrée ingreso kredit inkomst insättning ind",
        "pano wpływ příjem bevétel giriş alacak crédito entrada 入金 입금",
    )
)
#: Ends and beginnings of longer words that say a direction wherever they stand: 转账支出, 他行汇入, 转入-跨行.
_OUT_PARTS: Final = ("支出", "转出", "汇出", "出账", "出帐", "往账", "支取", "取出", "借方", "扣账")
_IN_PARTS: Final = ("收入", "转入", "汇入", "入账", "入帐", "来账", "存入", "贷方")
#: Neither: no money of the account moved, or none that anybody owes us.
_SKIP: Final = frozenset(listed("不计收支 不计 中性交易 中性 neutral / 其他 其它"))

_BOOKED: Final = frozenset(
    listed(
        "交易成功 支付成功 成功 已成功 已入账 已记账 已到账 提现已到账 已完成 完成 交易完成 正常 已收钱",
        "对方已收钱 朋友已收钱 已存入零钱 已转账 充值完成 退款成功 处理成功 已结算 已退款 已全额退款",
        "已部分退款 充值成功 还款成功 转账成功 付款成功 收款成功 已付款 已收款 success successful",
        "succeeded completed complete booked posted settled cleared paid processed executed done ok book",
        "refund refunded gebucht ausgeführt normal sent executed abgeschlossen accepté acceptée exécuté exécutée",
        "comptabilisé effectué completato eseguito contabilizzato ejecutado realizado contabilizado udført",
        "bogført utført bokført utförd bokförd verwerkt uitgevoerd geaccepteerd wykonana zaksięgowana",
        "zaksięgowano provedeno zaúčtováno könyvelt",
    )
)
_PENDING: Final = frozenset(
    listed(
        "处理中 进行中 待处理 待付款 待支付 待确认 待入账 待记账 待清算 未入账 未记账 在途 银行处理中",
        "等待付款 等待确认收货 等待发货 等待买家付款 退款中 退款处理中 processing 冻结 pending authorised",
        "authorized authorization hold scheduled expected pdng futr vorgemerkt change 待复核 待审核 offen",
        "ausstehend venter väntande reserverad reserveret odottaa pendiente oczekująca čekající",
        "待授权",
    )
) | {"on hold", "in progress"}
_DEAD: Final = frozenset(
    listed(
        "交易关闭 已关闭 关闭 失败 交易失败 支付失败 付款失败 转账失败 提现失败 已失败 退款失败 已撤销",
        "撤销 已取消 取消 作废 已作废 已拒绝 拒绝 退款关闭 已过期 failed failure fail cancelled canceled",
        "declined rejected reverted revoked void voided expired denied abgelehnt storniert error refusé refusée",
        "rejeté rejetée annulé annulée afvist avvist avvisad hylätty geweigerd geannuleerd rifiutato annullato",
        "rechazado anulado cancelado odrzucona anulowana zamítnuto zrušeno",
    )
)
#: A phrase of no more words is read word by word: "Umsatz vorgemerkt", "not yet booked".
_PHRASE_TOKENS: Final = 4
_NOT: Final = frozenset(("not", "nicht", "non", "no", "niet", "unbooked"))
_SPLIT = re.compile(r"[^\w/]+|_")


def direction_of(word: str) -> Direction | None:
    """Returns the direction that a word says by its first token (借 Dr → out); None when it is unknown."""
    text = _plain(word)
    if text in ("+", "-"):
        return "in" if text == "+" else "out"
    if text in _SKIP:
        return "skip"
    token = _token(text)
    for words, direction in ((_OUT, "out"), (_IN, "in")):
        if text in words or token in words:
            return "out" if direction == "out" else "in"
    out = text.endswith(_OUT_PARTS) or token.startswith(_OUT_PARTS) or token.endswith(_OUT_PARTS)
    into = text.endswith(_IN_PARTS) or token.startswith(_IN_PARTS) or token.endswith(_IN_PARTS)
    if out != into:
        return "out" if out else "in"
    return None


def state_of(word: str) -> State | None:
    """Returns what a status says: booked, not booked yet, or never money (skip); None when it is unknown."""
    text = _plain(word)
    tokens = {text, _token(text), *(_tokens(text) if len(_tokens(text)) <= _PHRASE_TOKENS else ())}
    if tokens & _DEAD:
        return "skip"
    if tokens & _PENDING:
        return "pending"
    if tokens & _BOOKED:
        return "pending" if tokens & _NOT else "booked"
    if text.startswith("等待") or text.endswith("处理中"):
        return "pending"
    if text.endswith(("失败", "关闭", "撤销", "取消")):
        return "skip"
    return "booked" if text.endswith(("成功", "已到账", "已入账")) else None


def _plain(word: str) -> str:
    folded = word if word.isascii() else unicodedata.normalize("NFKC", word).translate(SIMPLIFIED)
    return " ".join(folded.casefold().split()).strip(".:;,'\"`()[]")


def _tokens(text: str) -> list[str]:
    return [part for part in _SPLIT.split(text) if part]


def _token(text: str) -> str:
    return next(iter(_tokens(text)), "")
