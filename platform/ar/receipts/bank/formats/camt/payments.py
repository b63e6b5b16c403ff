"""Takes the entry of a camt statement apart: payments of a batch, who paid, what for, and the payer's own split.

Invariant: the lines of an entry always sum to the entry; a batch is taken apart only when its payments, with the
charges that the bank states, do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ar.receipts.bank.formats.camt.xml_nodes import Node
from ar.receipts.bank.formats.events import (
    MAX_NAME_CHARS,
    MAX_REMITTANCE_CHARS,
    RETURN_CODES,
    Line,
    Unreadable,
    account_key,
    clean,
    clean_account,
    parse_minor,
    quoted,
)

_NOT_GIVEN: Final = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF"})
#: Where the amount of a payment may stand; the first one in the account's own currency counts.
_AMOUNTS: Final = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt")
#: ISO subfamilies of what goes back: a returned transfer, an unpaid or reversed direct debit, an unpaid cheque.
_RETURN_FAMILIES: Final = frozenset({"RRTN", "UPDD", "PRDD", "UPCQ", "UPCT"})
_RETURN_PROPRIETARY = re.compile(rf"NRTI|(?:^|[+/ ])(?:{'|'.join(sorted(RETURN_CODES))})(?=[+/ ]|$)")
#: So many texts and names of a batch that stays one line are joined.
_MOST_JOINED: Final = 50


@dataclass(frozen=True, slots=True)
class Own:
    """Ourselves, as the statement names us: the compared forms of account number and owner."""

    account: str = ""
    name: str = ""

    def is_party(self, name: str, account: str) -> bool:
        """Tells that a party is ourselves: by the account; by the name only where the party has no account."""
        if account and self.account:
            return account_key(account) == self.account
        return bool(name) and _plain(name) == self.name


def own(account_no: str, owner: str) -> Own:
    """Returns ourselves for comparing."""
    return Own(account_key(account_no), _plain(owner))


def lines_of(entry: Node, whole: Line, ourselves: Own) -> list[Line]:
    """Returns the lines of an entry: its payments, with the bank's charges where it states them, or the entry itself.

    `whole` is the entry as one line. Raises Unreadable for an amount or a side that cannot be read.
    """
    details = entry.all("NtryDtls/TxDtls")
    if not details:
        return [whole]
    described = [_describe(whole, each, ourselves) for each in details]
    if len(details) == 1:
        return _single(entry, details[0], described[0]._replace(position=whole.position, side=whole.side))
    return _batch(entry, details, described, whole) or [_as_one_line(whole, described)]


def sign(node: Node) -> int:
    """Returns +1 for CRDT, -1 for DBIT. Raises Unreadable."""
    mark = node.get("CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise Unreadable("no_side", found=quoted(mark))
    return 1 if mark == "CRDT" else -1


def transaction_code(node: Node) -> str:
    """Returns the bank's code of an entry or payment: "PMNT-RCDT-ESCT NTRF+166", empty where there is none."""
    parts = [node.get("BkTxCd/Domn/Cd"), node.get("BkTxCd/Domn/Fmly/Cd"), node.get("BkTxCd/Domn/Fmly/SubFmlyCd")]
    return clean(" ".join(filter(None, ("-".join(filter(None, parts)), node.get("BkTxCd/Prtry/Cd")))))


def says_return(code: str) -> bool:
    """Tells that a transaction code is one of a returned payment."""
    domain, _blank, proprietary = code.partition(" ")
    families = {*domain.split("-")}
    return bool(families & _RETURN_FAMILIES or _RETURN_PROPRIETARY.search(proprietary or domain))


def reference_or_empty(reference: str) -> str:
    """Returns a reference, an empty text for the words that say that there is none."""
    text = clean(reference)
    return "" if text.upper() in _NOT_GIVEN else text


def _single(entry: Node, node: Node, line: Line) -> list[Line]:
    """Returns the one payment of an entry, apart from the charges that the bank took with it."""
    charges = _charges(node, line.currency) or _charges(entry, line.currency)
    amounts = [each for each in _amounts(node, line.currency) if each]
    if charges and amounts and (line.is_return or line.amount_minor not in amounts):
        for minor in amounts:
            if line.side * minor - charges == line.side * line.amount_minor:
                return [line._replace(amount_minor=minor), _charge_line(line, charges)]
    return [line]


def _batch(entry: Node, details: Sequence[Node], described: Sequence[Line], whole: Line) -> list[Line]:
    """Returns the payments of a batch; empty when an amount is missing or foreign, or the sum differs."""
    lines: list[Line] = []
    for node, line in zip(details, described, strict=True):
        minor = next((each for each in _amounts(node, whole.currency) if each), 0)
        if not minor:
            return []
        lines.append(line._replace(amount_minor=minor, entry_id=_part_id(node, whole, len(lines) + 1)))
    total, wanted = sum(each.side * each.amount_minor for each in lines), whole.side * whole.amount_minor
    if total == wanted:
        return lines
    for charges in (_charges(entry, whole.currency), sum(_charges(each, whole.currency) for each in details)):
        if charges and total - charges == wanted:
            return [*lines, _charge_line(whole, charges)]
    return []


def _charge_line(line: Line, charges: int) -> Line:
    """Returns the bank's charges as a line beside the payments, so that the lines sum to the entry."""
    return line._replace(
        side=-1 if charges > 0 else 1,
        amount_minor=abs(charges),
        payer_name="",
        payer_account="",
        payer_bank="",
        remittance="",
        end_to_end_id="",
        raw_kind=clean(f"{line.raw_kind} CHRG".strip()),
        entry_id=f"{line.entry_id}/CHRG" if line.entry_id else "",
        is_return=False,
        return_reason="",
        split=(),
    )


def _charges(node: Node, currency: str) -> int:
    """Returns the charges stated at an entry or payment, in minor units; negative for charges given back."""
    total = 0
    for each in node.all("Chrgs"):
        records = each.all("Rcrd") or [each]
        for record in records:
            amount = record.first("Amt") or (each.first("TtlChrgsAndTaxAmt") if record is each else None)
            if amount is not None and amount.attributes.get("Ccy", currency) == currency:
                minor = parse_minor(amount.text, currency)
                total += -minor if record.get("CdtDbtInd") == "CRDT" else minor
    return total


def _amounts(node: Node, currency: str) -> Iterator[int]:
    """Yields the amounts of a payment that are in this currency, in minor units."""
    for path in _AMOUNTS:
        amount = node.first(path)
        if amount is not None and amount.attributes.get("Ccy", currency) == currency:
            yield parse_minor(amount.text, currency)


def _part_id(node: Node, whole: Line, number: int) -> str:
    """Returns the id of one payment of a batch: its own reference of the bank, else the entry's with its number."""
    reference = reference_or_empty(node.get("Refs/AcctSvcrRef"))
    if reference and reference != whole.entry_id:
        return reference
    return f"{whole.entry_id}/{number}" if whole.entry_id else ""


def _describe(whole: Line, node: Node, ourselves: Own) -> Line:
    """Returns the entry's line with the details of one of its payments: counterparty, purpose, split."""
    line = whole._replace(position=node.line, side=sign(node) if node.first("CdtDbtInd") else whole.side)
    is_return = line.is_return or node.first("RtrInf") is not None or says_return(transaction_code(node))
    party = _other_party(node, line.side, is_return or line.is_reversal, ourselves)
    return line._replace(
        payer_name=party.name,
        payer_account=party.account,
        payer_bank=party.bank,
        remittance=_remittance(node, line.remittance),
        bank_reference=clean(node.get("Refs/AcctSvcrRef", "Refs/TxId")) or line.bank_reference,
        end_to_end_id=reference_or_empty(node.get("Refs/EndToEndId")),
        is_return=is_return,
        return_reason=clean(
            " ".join(filter(None, (node.get("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"), node.get("RtrInf/AddtlInf"))))
        ),
        split=_split(node, line),
    )


class _Party(NamedTuple):
    name: str = ""
    account: str = ""
    bank: str = ""


def _other_party(node: Node, side: int, goes_back: bool, ourselves: Own) -> _Party:
    """Returns the party that is not ourselves.

    Money in comes from the debtor, money out goes to the creditor. What is sent back keeps its first parties: there it
    is the other way round. A bank that leaves the expected party out, or puts us there, is corrected.
    """
    roles = ("Dbtr", "Cdtr") if (side > 0) != goes_back else ("Cdtr", "Dbtr")
    for role in roles:
        party = _party(node, role)
        if (party.name or party.account) and not ourselves.is_party(party.name, party.account):
            return party
    return _Party(bank=_party(node, roles[0]).bank)


def _party(node: Node, role: str) -> _Party:
    parties = node.first("RltdPties") or Node("", {}, 0)
    institution = f"RltdAgts/{role}Agt/FinInstnId"
    name = parties.get(f"{role}/Nm", f"{role}/Pty/Nm", f"Ultmt{role}/Nm", f"Ultmt{role}/Pty/Nm")
    account = parties.get(
        *(f"{role}Acct/Id/{kind}" for kind in ("IBAN", "Othr/Id", "PrtryAcct/Id", "BBAN")),
    )
    bank = node.get(*(f"{institution}/{kind}" for kind in ("BICFI", "BIC", "Nm")))
    return _Party(clean(name, MAX_NAME_CHARS), clean_account(account), clean(bank))


def _remittance(node: Node, otherwise: str) -> str:
    texts = [each.text for each in node.all("RmtInf/Ustrd")]
    texts += [each.text for each in node.all("RmtInf/Strd/CdtrRefInf/Ref")]
    texts += [each.text for each in node.all("RmtInf/Strd/RfrdDocInf/Nb")]
    texts += [each.text for each in node.all("RmtInf/Strd/AddtlRmtInf")]
    text = " ".join(filter(None, (text.strip() for text in texts)))
    return clean(text or node.get("AddtlTxInf") or otherwise, MAX_REMITTANCE_CHARS)


def _split(node: Node, line: Line) -> tuple[tuple[str, int], ...]:
    """Returns the payer's own split (document, minor units), empty where the payment has none that fits its amount.

    Per document stand what is remitted for it (RmtdAmt), a credit note set off against it (CdtNoteAmt), or what was
    due less a discount (DuePyblAmt, DscntApldAmt). Programs write the remitted amount before or after the credit
    note: the reading that sums to the payment counts; one that stays below it splits a part of the payment.
    """
    gross: dict[str, int] = {}
    net: dict[str, int] = {}
    for each in node.all("RmtInf/Strd"):
        number = clean(each.get("RfrdDocInf/Nb", "CdtrRefInf/Ref"))
        amounts = each.first("RfrdDocAmt")
        if not number or amounts is None:
            continue
        remitted, credited = _part(amounts, "RmtdAmt", line), _part(amounts, "CdtNoteAmt", line)
        if remitted is None and credited is None:
            due = _part(amounts, "DuePyblAmt", line)
            remitted = None if due is None else due - (_part(amounts, "DscntApldAmt", line) or 0)
        if remitted is None and credited is None:
            return ()
        # A credit note that stands alone is named by its own number; it is set off as a whole.
        gross[number] = gross.get(number, 0) + (-(credited or 0) if remitted is None else remitted)
        net[number] = net.get(number, 0) + (remitted or 0) - (credited or 0)
    for reading in (net, gross):
        if sum(reading.values()) == line.amount_minor:
            return _parts(reading)
    total = sum(net.values())
    return _parts(net) if 0 < total < line.amount_minor else ()


def _parts(reading: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((number, minor) for number, minor in reading.items() if minor)


def _part(amounts: Node, name: str, line: Line) -> int | None:
    """Returns the sum of an amount of a referred document, in the payment's currency; None where there is none."""
    minors = []
    for each in amounts.all(name):
        amount = each.first("Amt") or each  # from version 12 on DscntApldAmt has its amount below
        if amount.text.strip() and amount.attributes.get("Ccy", line.currency) == line.currency:
            minors.append(parse_minor(amount.text, line.currency))
    return sum(minors) if minors else None


def _as_one_line(whole: Line, described: Sequence[Line]) -> Line:
    """Returns a batch that cannot be taken apart as one line: the texts of its payments, and a payer that all share."""
    texts = dict.fromkeys(each.remittance for each in described[:_MOST_JOINED] if each.remittance != whole.remittance)
    remittance = " ".join(filter(None, texts)) or whole.remittance
    payers = {(each.payer_name, each.payer_account, each.payer_bank) for each in described}
    name, account, bank = payers.pop() if len(payers) == 1 else (_shared(described, "payer_name"), "", "")
    return whole._replace(
        payer_name=name,
        payer_account=account or _shared(described, "payer_account"),
        payer_bank=bank or _shared(described, "payer_bank"),
        remittance=clean(remittance, MAX_REMITTANCE_CHARS),
        is_return=all(each.is_return for each in described),
        return_reason=_shared(described, "return_reason"),
    )


def _shared(described: Sequence[Line], field: str) -> str:
    """Returns the value of a field that all payments share, else an empty text."""
    values = {str(getattr(each, field)) for each in described}
    return values.pop() if len(values) == 1 else ""


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())
