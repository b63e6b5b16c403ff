#!/usr/bin/env bash
# htmx-flask 0.1.0: make_response(reswap=…) refuses "afterbegin" and "beforebegin", both valid hx-swap styles of htmx,
# because its list of styles lacks a comma between the two. Output seen: ValueError for each of the two, 200 for "innerHTML".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check flask==3.1.2 htmx-flask==0.1.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from flask import Flask
from htmx_flask import make_response

app = Flask(__name__)
seen = {}
with app.test_request_context():
    for style in ("innerHTML", "afterbegin", "beforebegin"):
        try:
            seen[style] = make_response("", reswap=style).status_code
        except ValueError:
            seen[style] = "ValueError"
print("htmx-flask", version("htmx-flask"), seen)
assert seen == {"innerHTML": 200, "afterbegin": "ValueError", "beforebegin": "ValueError"}, "the behaviour has changed"
PY
