#!/usr/bin/env bash
# agate 1.14.2 (under csvkit) takes every comma out of a column of numbers, wherever it stands: the German 1.234,50 becomes
# 1.23450 and 12,34 becomes 1234, typed as Number and summed without an error. "13%" becomes 13, so a tax rate is not 0.13. A
# column of invoice numbers with noughts in front loses them. Output seen: a sum of 3.23450 for 1.234,50 + 2.000,00, of 1290
# for 12,34 + 56 and the invoice numbers 12 and 13 for 0012 and 0013.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check agate==1.14.2
"$folder/env/bin/python" - <<'PY'
import io
from decimal import Decimal
from importlib.metadata import version

from agate import Sum, Table

table = Table.from_csv(io.StringIO('invoice,german,short,rate\n0012,"1.234,50","12,34",13%\n0013,"2.000,00",56,6%\n'))
types = [type(kind).__name__ for kind in table.column_types]
sums = {name: table.aggregate(Sum(name)) for name in ("german", "short")}
read = {name: [str(value) for value in table.columns[name].values()] for name in ("invoice", "rate")}
print("agate", version("agate"), types, {name: str(total) for name, total in sums.items()}, read)
assert types == ["Number"] * 4 and sums == {"german": Decimal("3.23450"), "short": Decimal(1290)}, "the reading has changed"
assert read == {"invoice": ["12", "13"], "rate": ["13", "6"]}
PY
