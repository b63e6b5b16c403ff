"""Parses camt.053 (ISO 20022) from version 02 on: one line per payment where the bank itemises batches.

Invariants: one entry at a time is in memory; a batch is split only when its parts sum to the entry; entries
that are not booked yet are named and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from ar.receipts.bank.formats.events import (
    BLANKS,
    MAX_NAME_CHARS,
    MAX_REMITTANCE_CHARS,
    BankFormat,
    Closed,
    Event,
    Line,
    Opened,
    Problem,
    Refused,
    Source,
    Unreadable,
    clean,
    day,
    decimals_of,
    parse_minor,
    problem,
    quoted,
)
from ar.receipts.bank.formats.xml_nodes import Ended, Node, nodes

_VERSION = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d\d)$")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_OPENING: Final = ("OPBD", "PRCD", "OPAV")
_NOT_GIVEN: Final = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF"})
#: A shorter NtryRef is a running number that begins again in the next statement: no id of the movement.
_MIN_ENTRY_REFERENCE: Final = 10
_STATUSES: Final = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending", "INFO": "info"}
_TREES: Final = ("Id", "ElctrncSeqNb", "Acct", "Bal", "Ntry")


class _Statement:
    """The statement being parsed: its header, until the first entry opens it."""

    def __init__(self, ref: int) -> None:
        self.ref, self.opened = ref, False
        self.account_no = self.currency = self.number = ""
        self.opening: int | None = None
        self.opening_rank = len(_OPENING)
        self.opening_on: date | None = None
        self.closing: int | None = None
        self.closing_on: date | None = None

    def open(self) -> Iterator[Event]:
        if not self.opened:
            self.opened = True
            yield Opened(self.ref, self.account_no, self.currency, self.number, self.opening, self.opening_on)


def parse(source: Source) -> Iterator[Event]:
    """Parses a camt.053 file into events. Raises Refused when it is another message or damaged from the start."""
    statement: _Statement | None = None
    refs = 0
    for node in nodes(source.data, source.encoding, _TREES, ("Stmt",)):
        if isinstance(node, Node):
            if node.name == "Stmt":
                refs += 1
                statement = _Statement(refs)
            elif statement is not None:
                yield from _handle_node(node, statement, source)
        elif isinstance(node, Ended):
            if statement is not None:
                yield from statement.open()
                yield Closed(statement.ref, statement.closing, statement.closing_on, statement.opening)
            statement = None
        else:
            _check_version(node)


def _check_version(namespace: str) -> None:
    matched = _VERSION.search(namespace)
    if matched is None or int(matched[1]) < 2:
        raise Refused("bank_file_version", found=quoted(namespace))


def _handle_node(node: Node, statement: _Statement, source: Source) -> Iterator[Event]:
    if node.name == "Ntry":
        if not statement.currency:
            amount = node.first("Amt")
            statement.currency = (amount.attributes.get("Ccy", "") if amount else "") or source.currency_of(
                statement.account_no
            )
        yield from statement.open()
        yield from _entry(node, statement)
    elif node.name == "Acct":
        statement.account_no = clean(node.get("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN"))
        statement.currency = clean(node.get("Ccy"))
    elif node.name == "Bal":
        try:
            _balance(node, statement)
        except Unreadable as fault:
            yield problem(node.line, fault, lost=False)
    elif node.name == "ElctrncSeqNb" or not statement.number:
        statement.number = clean(node.text)


def _balance(node: Node, statement: _Statement) -> None:
    kind = node.get("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
    amount = node.first("Amt")
    if amount is None or kind not in (*_OPENING, "CLBD"):
        return
    currency = amount.attributes.get("Ccy", "") or statement.currency
    statement.currency = statement.currency or currency
    minor = parse_minor(amount.text, currency) * _sign(node)
    on = _date(node.first("Dt"))
    if kind == "CLBD":
        statement.closing, statement.closing_on = minor, on
    elif (rank := _OPENING.index(kind)) < statement.opening_rank:
        statement.opening, statement.opening_on, statement.opening_rank = minor, on, rank


def _sign(node: Node) -> int:
    mark = node.get("CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise Unreadable("no_side", found=quoted(mark))
    return 1 if mark == "CRDT" else -1


def _date(node: Node | None) -> date | None:
    if node is None:
        return None
    text = node.get("Dt", "DtTm") or node.text.strip()
    if not text:
        return None
    matched = _DAY.match(text)
    if matched is None:
        raise Unreadable("not_a_date", found=quoted(text))
    return day(int(matched[1]), int(matched[2]), int(matched[3]), text[:10])


def _entry(node: Node, statement: _Statement) -> Iterator[Event]:
    status = node.get("Sts/Cd", "Sts/Prtry", "Sts")
    if status and status not in _STATUSES:
        yield Problem(node.line, "not_booked_yet", {"found": quoted(status)}, lost=False)
        return
    try:
        whole = _entry_line(node, statement)
        details = node.all("NtryDtls/TxDtls")
        if len(details) > 1 and (parts := _split_batch(details, whole)):
            yield from parts
        elif details:
            yield _with_details(whole, details[0]) if len(details) == 1 else _as_one_line(whole, details)
        else:
            yield whole
    except Unreadable as fault:
        yield problem(node.line, fault)


def _entry_line(node: Node, statement: _Statement) -> Line:
    """Returns the entry as one line, without the details of its payments."""
    amount = node.first("Amt")
    if amount is None:
        raise Unreadable("not_an_amount", found="")
    currency = amount.attributes.get("Ccy", "") or statement.currency
    decimals_of(currency)
    if statement.currency and currency != statement.currency:
        raise Unreadable("line_other_currency", found=currency, currency=statement.currency)
    minor = parse_minor(amount.text, currency)
    if not minor:
        raise Unreadable("nothing_moved")
    booked_on = _date(node.first("BookgDt")) or _date(node.first("ValDt"))
    if booked_on is None:
        raise Unreadable("date_missing")
    return Line(
        statement.ref,
        node.line,
        booked_on,
        _date(node.first("ValDt")) or booked_on,
        currency,
        _sign(node),
        minor,
        remittance=clean(node.get("AddtlNtryInf"), MAX_REMITTANCE_CHARS),
        bank_reference=clean(node.get("AcctSvcrRef", "NtryRef")),
        raw_kind=clean(" ".join(filter(None, (_code(node), node.get("BkTxCd/Prtry/Cd"))))),
        is_reversal=node.get("RvslInd").lower() in ("true", "1"),
        entry_id=_entry_id(node),
        status=_STATUSES[node.get("Sts/Cd", "Sts/Prtry", "Sts") or "BOOK"],
    )


def _entry_id(node: Node) -> str:
    """Returns the bank's own id of an entry: AcctSvcrRef, else an NtryRef that is more than a running number."""
    entry_reference = _reference_or_empty(node.get("NtryRef"))
    return _reference_or_empty(node.get("AcctSvcrRef")) or (
        entry_reference if len(entry_reference) >= _MIN_ENTRY_REFERENCE else ""
    )


def _code(node: Node) -> str:
    parts = [node.get("BkTxCd/Domn/Cd"), node.get("BkTxCd/Domn/Fmly/Cd"), node.get("BkTxCd/Domn/Fmly/SubFmlyCd")]
    return "-".join(filter(None, parts))


def _split_batch(details: Sequence[Node], whole: Line) -> list[Line]:
    """Splits a batch into its payments; empty when an amount is missing or foreign, or the sum differs."""
    lines: list[Line] = []
    total = 0
    for each in details:
        amount = each.first("Amt") or each.first("AmtDtls/TxAmt/Amt") or each.first("AmtDtls/InstdAmt/Amt")
        if amount is None or amount.attributes.get("Ccy", whole.currency) != whole.currency:
            return []
        minor = parse_minor(amount.text, whole.currency)
        side = _sign(each) if each.first("CdtDbtInd") else whole.side
        if not minor:
            return []
        total += side * minor
        part = whole._replace(position=each.line, side=side, amount_minor=minor)
        lines.append(_with_details(part._replace(entry_id=_part_id(each, whole, len(lines) + 1)), each))
    return lines if total == whole.side * whole.amount_minor else []


def _part_id(node: Node, whole: Line, number: int) -> str:
    """Returns the id of one payment of a batch: its own reference of the bank, else the entry's with its number."""
    own = _reference_or_empty(node.get("Refs/AcctSvcrRef"))
    if own and own != whole.entry_id:
        return own
    return f"{whole.entry_id}/{number}" if whole.entry_id else ""


def _with_details(line: Line, node: Node) -> Line:
    """Returns the line with the details of a payment: counterparty and purpose."""
    role, agent = ("Dbtr", "DbtrAgt") if line.side > 0 else ("Cdtr", "CdtrAgt")
    # A returned payment keeps its first parties: the other side is then the one that we are not.
    parties = node.first("RltdPties") or Node("", {}, 0)
    name = parties.get(f"{role}/Nm", f"{role}/Pty/Nm", f"Ultmt{role}/Nm", f"Ultmt{role}/Pty/Nm")
    account = parties.get(f"{role}Acct/Id/IBAN", f"{role}Acct/Id/Othr/Id", f"{role}Acct/Id/PrtryAcct/Id")
    bank = node.get(
        f"RltdAgts/{agent}/FinInstnId/BICFI", f"RltdAgts/{agent}/FinInstnId/BIC", f"RltdAgts/{agent}/FinInstnId/Nm"
    )
    texts = [each.text for each in node.all("RmtInf/Ustrd")]
    texts += [each.text for each in node.all("RmtInf/Strd/CdtrRefInf/Ref")]
    texts += [each.text for each in node.all("RmtInf/Strd/RfrdDocInf/Nb")]
    remittance_text = (
        " ".join(filter(None, (text.strip() for text in texts))) or node.get("AddtlTxInf") or line.remittance
    )
    return line._replace(
        payer_name=clean(name, MAX_NAME_CHARS),
        payer_account=clean(account),
        payer_bank=clean(bank),
        remittance=clean(remittance_text, MAX_REMITTANCE_CHARS),
        bank_reference=clean(node.get("Refs/AcctSvcrRef", "Refs/TxId")) or line.bank_reference,
        end_to_end_id=_reference_or_empty(node.get("Refs/EndToEndId")),
        is_return=node.first("RtrInf") is not None,
        return_reason=clean(
            " ".join(filter(None, (node.get("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"), node.get("RtrInf/AddtlInf"))))
        ),
    )


def _as_one_line(whole: Line, details: Sequence[Node]) -> Line:
    """Returns a batch that cannot be split as one line with the texts of its payments."""
    texts = (_with_details(whole._replace(remittance=""), each).remittance for each in details[:50])
    remittance_text = " ".join(filter(None, texts)) or whole.remittance
    return whole._replace(remittance=clean(remittance_text, MAX_REMITTANCE_CHARS))


def _reference_or_empty(reference: str) -> str:
    text = clean(reference)
    return "" if text.upper() in _NOT_GIVEN else text


def _matches(head: bytes) -> bool:
    return head.lstrip(BLANKS)[:1] == b"<" and (b"camt.053" in head or b"<BkToCstmrStmt" in head)


FORMAT: Final = BankFormat("camt053", {"camt053": "camt.053"}, _matches, parse)
