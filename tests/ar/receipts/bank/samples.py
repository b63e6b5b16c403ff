"""Bank statements for tests, written by hand in the shapes that banks send, and what is in them."""

# ruff: noqa: E501 - elements as banks write them
from __future__ import annotations

from ar.receipts.bank.formats.events import Closed, Event, Line, Opened, Problem, Source
from ar.receipts.bank.line_import import recognise_format

MT940 = """{1:F01BANKDEFFXXXX0000000000}{2:O940BANKDEFFXXXXN}{3:}{4:
:20:STMT-1
:25:50880050/0194774600888
:28C:00004/001
:60F:C261101EUR1000,00
:61:2611021102C250,00NTRFINV-2026-001//BANKREF1
:86:166?00GUTSCHRIFT?20EREF+END-TO-END-1?21SVWZ+Rechnung INV-2026-001?30DRESDEFF508?31DE5150880
0500190038900?32Mueller und Soehne Import u?33nd Export GmbH
:61:2611031103D100,5NTRFNONREF//BANKREF2
:86:Strom
:61:2602300301C6,00N024NONREF
:86:805?00ENTGELT
:61:2611041104RC50,00NRTINONREF
:62F:C261104EUR1105,50
-}
"""
MT940_CHINESE = """:20:20261102
:25:6222021001116245702
:28C:1/1
:60F:C261101CNY0,00
:61:2611021102C88000,00NTRFNONREF//GY2026110200017
:86:/ORDP//NAME/深圳鑫晟电子有限公司/REMI/货款 INV-2026-000017
:62F:C261102CNY88000,00
-
"""

_CAMT_ENTRY_02 = """
<Ntry><Amt Ccy="EUR">300.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><ValDt><Dt>2026-11-03</Dt></ValDt><AcctSvcrRef>BATCH-1</AcctSvcrRef>
<NtryDtls>
<TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">100.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Alpha GmbH</Nm></Dbtr><DbtrAcct><Id><IBAN>DE51508800500190038900</IBAN></Id></DbtrAcct></RltdPties>
<RltdAgts><DbtrAgt><FinInstnId><BIC>DRESDEFF508</BIC></FinInstnId></DbtrAgt></RltdAgts>
<RmtInf><Ustrd>INV-1</Ustrd><Ustrd>INV-2</Ustrd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">200.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Beta AG</Nm></Dbtr></RltdPties><RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
</NtryDtls></Ntry>"""
_CAMT_ENTRY_08 = """
<Ntry><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><DtTm>2026-11-02T09:30:00+01:00</DtTm></BookgDt><NtryDtls><TxDtls>
<Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>Alpha GmbH</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE51508800500190038900</IBAN></Id></DbtrAcct></RltdPties>
<RltdAgts><DbtrAgt><FinInstnId><BICFI>DRESDEFF508</BICFI></FinInstnId></DbtrAgt></RltdAgts>
<RmtInf><Ustrd>INV-1</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""


def camt(version: str, entries: str, opening: str = "0.00", closing: str = "0.00", head: str = "") -> bytes:
    """A camt.053 file of that version with these entries."""
    balances = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>"
        for kind, amount in (("OPBD", opening), ("CLBD", closing))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M-1</MsgId></GrpHdr><Stmt><Id>S-1</Id><ElctrncSeqNb>7</ElctrncSeqNb>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{balances}{entries}</Stmt>"
        f"</BkToCstmrStmt></Document>"
    ).encode()


def entry(amount: str, *, side: str = "CRDT", status: str = "<Sts>BOOK</Sts>", more: str = "") -> str:
    """A plain entry of 2 November 2026."""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>2026-11-02</Dt></BookgDt>{more}</Ntry>"
    )


def payment(
    amount: str,
    *,
    debtor: tuple[str, str] = ("", ""),
    creditor: tuple[str, str] = ("", ""),
    side: str = "",
    text: str = "",
    head: str = "",
    more: str = "",
) -> str:
    """One payment of an entry: TxDtls with parties (name, account) and a text."""
    parties = "".join(
        (f"<{role}><Nm>{name}</Nm></{role}>" if name else "")
        + (f"<{role}Acct><Id><IBAN>{account}</IBAN></Id></{role}Acct>" if account else "")
        for role, (name, account) in (("Dbtr", debtor), ("Cdtr", creditor))
    )
    return (
        "<TxDtls>"
        + (f'<Amt Ccy="EUR">{amount}</Amt>' if amount else "")
        + head
        + (f"<CdtDbtInd>{side}</CdtDbtInd>" if side else "")
        + (f"<RltdPties>{parties}</RltdPties>" if parties else "")
        + (f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else "")
        + f"{more}</TxDtls>"
    )


def batch(amount: str, parts: str, head: str = "") -> str:
    """An entry of several payments."""
    return entry(amount, more=f"{head}<NtryDtls>{parts}</NtryDtls>")


CAMT_02 = camt("02", _CAMT_ENTRY_02, "0.00", "300.00")
CAMT_08 = camt("08", _CAMT_ENTRY_08, "0.00", "100.00")


def events(data: bytes | str, filename: str = "") -> list[Event]:
    """What the reader of the file's own format gives."""
    content = data.encode() if isinstance(data, str) else data
    bank_format, _code, encoding = recognise_format(content, filename)
    return list(bank_format.parse(Source(content, encoding, filename)))


def lines(data: bytes | str) -> list[Line]:
    """Its movements."""
    return [each for each in events(data) if isinstance(each, Line)]


def problems(data: bytes | str) -> list[tuple[int, str]]:
    """What could not be read: line and code."""
    return [(each.line, each.code) for each in events(data) if isinstance(each, Problem)]


def opened(data: bytes | str) -> list[Opened]:
    """Its statements."""
    return [each for each in events(data) if isinstance(each, Opened)]


def closed(data: bytes | str) -> list[Closed]:
    """Their ends."""
    return [each for each in events(data) if isinstance(each, Closed)]
