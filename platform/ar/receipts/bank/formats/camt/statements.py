"""Parses camt.053 statements and camt.052 reports from version 02 on: one line per payment of a batch.

Invariants: one entry at a time is in memory; an entry carries the bank's word on whether it is booked; the interim
balances of a report are no closing balances.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from ar.receipts.bank.formats.camt.payments import (
    Own,
    lines_of,
    own,
    reference_or_empty,
    says_return,
    sign,
    transaction_code,
)
from ar.receipts.bank.formats.camt.xml_nodes import Ended, Node, nodes
from ar.receipts.bank.formats.events import (
    BLANKS,
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

_VERSION = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05[23]\.001\.(\d\d)$")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_OPENING: Final = ("OPBD", "PRCD", "OPAV")
#: A shorter NtryRef is a running number that begins again in the next statement: no id of the movement.
_MIN_ENTRY_REFERENCE: Final = 10
_STATUSES: Final = {"BOOK": "booked", "PDNG": "pending", "FUTR": "pending", "INFO": "info"}
_TREES: Final = ("Id", "ElctrncSeqNb", "CreDtTm", "FrToDt", "Acct", "Bal", "Ntry")
_STATEMENTS: Final = ("Stmt", "Rpt")


class _Statement:
    """The statement being parsed: its header, until the first entry opens it."""

    def __init__(self, ref: int, created_on: date | None, *, is_interim: bool) -> None:
        self.ref, self.opened, self.is_interim = ref, False, is_interim
        self.ourselves = Own()
        self.created_on = created_on
        self.ends_on: date | None = None
        self.account_no = self.currency = self.number = ""
        self.opening: int | None = None
        self.opening_rank = len(_OPENING)
        self.opening_on: date | None = None
        self.closing: int | None = None
        self.closing_on: date | None = None

    def day(self) -> date | None:
        """Returns the day of an entry without one: of the closing balance, the end of the period, or the creation."""
        return self.closing_on or self.ends_on or self.created_on

    def open(self) -> Iterator[Event]:
        if not self.opened:
            self.opened = True
            yield Opened(self.ref, self.account_no, self.currency, self.number, self.opening, self.opening_on)


def parse(source: Source) -> Iterator[Event]:
    """Parses a statement or report into events. Raises Refused when it is another message or damaged from the start."""
    statement: _Statement | None = None
    refs, created_on = 0, None
    for node in nodes(source.data, source.encoding, _TREES, _STATEMENTS):
        if isinstance(node, Node):
            if node.name in _STATEMENTS:
                refs += 1
                statement = _Statement(refs, created_on, is_interim=node.name == "Rpt")
            elif statement is not None:
                yield from _handle_node(node, statement, source)
            elif node.name == "CreDtTm":
                created_on = _day_or_none(node)
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
        yield from _entry(node, statement, source)
    elif node.name == "CreDtTm":
        statement.created_on = _day_or_none(node) or statement.created_on
    elif node.name == "FrToDt":
        statement.ends_on = _day_or_none(node.first("ToDtTm") or node.first("ToDt"))
    elif node.name == "Acct":
        statement.account_no = clean(node.get("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN"))
        statement.ourselves = own(statement.account_no, node.get("Ownr/Nm", "Ownr/Pty/Nm"))
        statement.currency = clean(node.get("Ccy"))
    elif node.name == "Bal":
        try:
            _balance(node, statement)
        except Unreadable as fault:
            yield problem(node.line, fault, lost=False)
    elif (node.name == "ElctrncSeqNb" or not statement.number) and not statement.is_interim:
        statement.number = clean(node.text)


def _balance(node: Node, statement: _Statement) -> None:
    kind = node.get("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
    amount = node.first("Amt")
    if amount is None or kind not in (*_OPENING, "CLBD"):
        return
    currency = amount.attributes.get("Ccy", "") or statement.currency
    statement.currency = statement.currency or currency
    # The side may be left out (a balance of nothing has none); the arithmetic of the statement would show a wrong one.
    minor = parse_minor(amount.text, currency) * (sign(node) if node.first("CdtDbtInd") else 1)
    on = _date(node.first("Dt"))
    if kind == "CLBD":
        statement.closing, statement.closing_on = minor, on
    elif (rank := _OPENING.index(kind)) < statement.opening_rank:
        statement.opening, statement.opening_on, statement.opening_rank = minor, on, rank


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


def _day_or_none(node: Node | None) -> date | None:
    """Returns the day of a head element, None where it cannot be read: only the last resort for an entry's day."""
    try:
        return _date(node)
    except Unreadable:
        return None


def _entry(node: Node, statement: _Statement, source: Source) -> Iterator[Event]:
    status = node.get("Sts/Cd", "Sts/Prtry", "Sts")
    if status and status not in _STATUSES:
        yield Problem(node.line, "not_booked_yet", {"found": quoted(status)}, lost=False)
        return
    try:
        whole = _entry_line(node, statement)
        if not node.first("BookgDt") and not node.first("ValDt"):
            yield Problem(node.line, "date_of_statement", {"day": whole.booked_on.isoformat()}, lost=False)
        yield from lines_of(_with_notified_details(node, whole, source), whole, statement.ourselves)
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
    value_on = _date(node.first("ValDt"))
    booked_on = _date(node.first("BookgDt")) or value_on or statement.day()
    if booked_on is None:
        raise Unreadable("date_missing")
    code = transaction_code(node)
    return Line(
        statement.ref,
        node.line,
        booked_on,
        value_on or booked_on,
        currency,
        sign(node),
        minor,
        remittance=clean(node.get("AddtlNtryInf"), MAX_REMITTANCE_CHARS),
        bank_reference=clean(node.get("AcctSvcrRef", "NtryRef")),
        raw_kind=code,
        is_reversal=node.get("RvslInd").lower() in ("true", "1"),
        entry_id=_entry_id(node),
        # A report of the day says of every entry whether it is booked; one that does not say so is not.
        status=_STATUSES[node.get("Sts/Cd", "Sts/Prtry", "Sts") or ("PDNG" if statement.is_interim else "BOOK")],
        is_return=says_return(code),
    )


def _entry_id(node: Node) -> str:
    """Returns the bank's own id of an entry: AcctSvcrRef, else an NtryRef that is more than a running number."""
    entry_reference = reference_or_empty(node.get("NtryRef"))
    return reference_or_empty(node.get("AcctSvcrRef")) or (
        entry_reference if len(entry_reference) >= _MIN_ENTRY_REFERENCE else ""
    )


def _with_notified_details(node: Node, whole: Line, source: Source) -> Node:
    """Returns the entry with the payments that a camt.054 beside it names, where the entry has none of its own."""
    notified = source.notified.get(whole.entry_id) if whole.entry_id else None
    if notified is None or len(node.all("NtryDtls/TxDtls")) > 1:
        return node
    joined = Node(node.name, node.attributes, node.line)
    joined.text = node.text
    joined.children = [*(child for child in node.children if child.name != "NtryDtls"), notified]
    return joined


def notified_details(source: Source) -> dict[str, Node]:
    """Returns the payments of a camt.054 by the bank's id of the entry that they belong to: id → NtryDtls.

    Raises Refused when the file is damaged.
    """
    found: dict[str, Node] = {}
    for node in nodes(source.data, source.encoding, ("Ntry",), ("Ntfctn",)):
        if isinstance(node, Node) and node.name == "Ntry" and (entry_id := _entry_id(node)):
            details = found.setdefault(entry_id, Node("NtryDtls", {}, node.line))
            details.children += node.all("NtryDtls/TxDtls")
    return {entry_id: details for entry_id, details in found.items() if details.children}


def _refuse_notification(_source: Source) -> Iterator[Event]:
    raise Refused("bank_file_notification")
    yield


def _root(*names: str) -> Callable[[bytes], bool]:
    """Returns the test for a file whose root, or whose name of the message, is one of these."""
    pattern = re.compile("|".join(rf"<(?:[\w.-]+:)?{name}[\s>/]" for name in names).encode())

    def matches(head: bytes) -> bool:
        return head.lstrip(BLANKS)[:1] == b"<" and pattern.search(head) is not None

    return matches


STATEMENT: Final = BankFormat("camt053", {"camt053": "camt.053"}, _root("BkToCstmrStmt"), parse)
REPORT: Final = BankFormat("camt052", {"camt052": "camt.052"}, _root("BkToCstmrAcctRpt"), parse)
#: Recognised to be refused with a word of its own; beside a camt.053 in one ZIP it lends its details.
NOTIFICATION: Final = BankFormat("camt054", {}, _root("BkToCstmrDbtCdtNtfctn"), _refuse_notification)
