#!/usr/bin/env bash
# ofxparse 0.21 and ofxtools 1.1.1: DTPOSTED with a time zone, as OFX 2.2 (3.2.8.2) provides, is turned into UTC and the day is
# taken from there. A payment that a Chinese bank posted at midnight of 1 March (+8) is of February; one that an American bank
# posted on the evening of 28 February (-5) is of March. ofxparse drops the zone besides, so nobody can turn it back. The day on
# the bank's own statement is the one written; bankfile 0.2.0 keeps it. Output seen: 2026-02-28 for the first and 2026-03-01 for
# the second by both libraries, tzinfo None from ofxparse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check ofxparse==0.21 ofxtools==1.1.1 bankfile==0.2.0
"$folder/env/bin/python" - "$folder/statement.ofx" <<'PY'
import io
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")  # BeautifulSoup's on ofxparse's way to call it
import bankfile
from ofxparse import OfxParser
from ofxtools.Parser import OFXTree

POSTED = ("20260301000000[+8:CST]", "20260228200000[-5:EST]")
lines = "".join(
    f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{posted}<TRNAMT>100.00<FITID>{number}<NAME>Alpha</STMTTRN>\n"
    for number, posted in enumerate(POSTED)
)
text = f"""OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260302<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>
<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>1
<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>20260201<DTEND>20260302
{lines}</BANKTRANLIST><LEDGERBAL><BALAMT>200.00<DTASOF>20260302</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
data = text.encode("ascii")
by_ofxparse = [each.date for each in OfxParser.parse(io.BytesIO(data)).account.statement.transactions]
tree = OFXTree()
tree.parse(io.BytesIO(data))
by_ofxtools = [each.dtposted for each in tree.convert().statements[0].transactions]
Path(sys.argv[1]).write_bytes(data)
by_bankfile = [each.date.isoformat() for each in bankfile.parse(sys.argv[1]).transactions]
seen = [[moment.date().isoformat() for moment in moments] for moments in (by_ofxparse, by_ofxtools)]
print("written", POSTED, "| ofxparse", version("ofxparse"), seen[0], by_ofxparse[0].tzinfo, "| ofxtools", version("ofxtools"), seen[1])
print("bankfile", version("bankfile"), by_bankfile)
assert seen == [["2026-02-28", "2026-03-01"]] * 2 and by_ofxparse[0].tzinfo is None, "the days have changed"
assert by_bankfile == ["2026-03-01", "2026-02-28"]
PY
