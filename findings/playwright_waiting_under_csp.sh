#!/usr/bin/env bash
# playwright 1.65.2 with Chromium 156: `page.wait_for_function("expression")` evaluates the text by eval in the page at each look, so a page whose
# Content-Security-Policy has no 'unsafe-eval' refuses it with EvalError as soon as it has to look a second time; when the expression
# is true at once it passes. A test that waits is then green or red by how busy the machine is. Output seen: "at once: ok", "later: EvalError".
# `expect(locator).to_have_attribute(…)` waits without eval. Needs Chromium (CHROMIUM, or on the PATH).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check playwright==1.65.2
CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v google-chrome)}" "$folder/env/bin/python" - <<'PY'
import os
from importlib.metadata import version

from playwright.sync_api import Error, sync_playwright


def answer(page, expression):
    try:
        page.wait_for_function(expression, timeout=5_000)
    except Error as error:
        return "EvalError" if "EvalError" in str(error) else str(error)
    return "ok"


def fulfil(route):
    script = "setTimeout(() => document.body.dataset.late = '1', 300)"
    kind, body = ("text/javascript", script) if route.request.url.endswith(".js") else ("text/html", "<body><script src=/a.js></script>")
    route.fulfill(body=body, headers={"Content-Type": kind, "Content-Security-Policy": "script-src 'self'"})


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-gpu"])
    page = browser.new_page()
    page.route("http://page.test/**", fulfil)
    page.goto("http://page.test/")
    found = {"at once": answer(page, "document.body !== null"), "later": answer(page, "document.body.dataset.never === '1'")}
    print("Chromium", browser.version, "playwright", version("playwright"), found)
    browser.close()
assert found == {"at once": "ok", "later": "EvalError"}, "waiting under a policy has changed"
PY
