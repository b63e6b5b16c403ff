#!/usr/bin/env bash
# pyarrow 26.0.1 and pandas 3.1.1, CSV of open items: the number of a fully digital Chinese invoice (数电票) has 20 digits, more
# than 64 bits hold. pyarrow takes such a column as double, so three invoices that follow each other have one number; pandas
# keeps them, but takes a column of bank account numbers of 19 digits as float64 as soon as one row has none, so two accounts
# become one. polars 2.1.0 and duckdb 2.0.1 keep all digits of both. Output seen: one distinct invoice of three by pyarrow, one
# distinct account of two by pandas, no warning from either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1
"$folder/env/bin/python" -W error - "$folder/items.csv" <<'PY'
import sys
from importlib.metadata import version

import duckdb
import pandas
import polars
from pyarrow import csv

INVOICES = ["24312000000012345671", "24312000000012345672", "24312000000012345673"]
ACCOUNTS = ["6222021202012345678", "6222021202012345679", ""]
path = sys.argv[1]
with open(path, "w", encoding="utf-8") as file:
    file.write("invoice,account\n" + "".join(f"{invoice},{account}\n" for invoice, account in zip(INVOICES, ACCOUNTS)))
table = csv.read_csv(path)
frame = pandas.read_csv(path)
seen = {
    "pyarrow": (table["invoice"].to_pylist(), table["account"].to_pylist()),
    "pandas": (frame["invoice"].tolist(), frame["account"].dropna().tolist()),
    "polars": polars.read_csv(path)[["invoice", "account"]].to_dict(as_series=False).values(),
    "duckdb": tuple(zip(*duckdb.sql(f"SELECT invoice, account FROM read_csv('{path}')").fetchall())),
}
counted = {}
for name, (invoices, accounts) in seen.items():
    counted[name] = (len(set(invoices)), len({account for account in accounts if account is not None}))
    print(name, version(name), "distinct invoices and accounts:", counted[name], list(invoices)[:1])
assert counted == {"pyarrow": (1, 2), "pandas": (3, 1), "polars": (3, 2), "duckdb": (3, 2)}, "the types have changed"
PY
