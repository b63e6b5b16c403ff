#!/usr/bin/env bash
# camt053 0.0.23: `serialize_document(parse_document(xml))` ("round-trip stable for the account, balances and entries") turns
# every entry into a returned payment: whatever the bank's transaction code was, PMNT/RCDT/RRTN (reimbursement) is written.
# The amounts of the payments within a batch and every remittance text are gone as well; the result passes the XSD, and no
# warning is given. Output seen: codes [DMCT, XBCT] in, [RRTN, RRTN] out; the texts INV-1, INV-2, INV-3 and 100.00 lost.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check camt053==0.0.23
"$folder/env/bin/python" - <<'PY'
import re
from importlib.metadata import version

import camt053


def code(family, sub_family):
    return f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"


def payment(amount, name, text):
    return (
        f'<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<RltdPties><Dbtr><Pty><Nm>{name}</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )


def entry(number, amount, codes, *payments):
    return (
        f'<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<BookgDt><Dt>2026-02-28</Dt></BookgDt><ValDt><Dt>2026-02-28</Dt></ValDt>"
        f"{codes}<NtryDtls>{''.join(payments)}</NtryDtls></Ntry>"
    )


def balance(kind, amount, day):
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


xml = (
    '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.14"><BkToCstmrStmt>'
    "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-01T06:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S1</Id>"
    "<CreDtTm>2026-03-01T06:00:00Z</CreDtTm><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    + balance("OPBD", "1000.00", "2026-02-27")
    + balance("CLBD", "1340.00", "2026-02-28")
    + entry(1, "300.00", code("RCDT", "DMCT"), payment("100.00", "Alpha", "INV-1"), payment("200.00", "Beta", "INV-2"))
    + entry(2, "40.00", code("RCDT", "XBCT"), payment("40.00", "Gamma", "INV-3"))
    + "</Stmt></BkToCstmrStmt></Document>"
)
again = camt053.serialize_document(camt053.parse_document(xml))
seen = [re.findall(r"<SubFmlyCd>(\w+)<", text) for text in (xml, again)]
lost = [text for text in ("INV-1", "INV-2", "INV-3", ">100.00<", "Alpha", ">300.00<") if text not in again]
print("camt053", version("camt053"), seen, "lost:", lost)
assert seen == [["DMCT", "XBCT"], ["RRTN", "RRTN"]], "the codes have changed"
assert lost == ["INV-1", "INV-2", "INV-3", ">100.00<"], "the losses have changed"
PY
