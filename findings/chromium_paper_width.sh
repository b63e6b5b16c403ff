#!/usr/bin/env bash
# Chromium 156 through playwright 1.65.2, printing to PDF. Where the page says its paper (`@page { size: A4 }` and prefer_css_page_size), media
# queries of width ask neither that paper nor what its margins leave: they ask the default paper of the caller, US Letter, 816 px, whatever
# the margins, and even for A4 in landscape, which is 1,123 px wide. The layout itself has the width that is asked for. So a page made for wide
# screens prints by its rules for narrow ones (a bar fixed to the foot of a phone then stands on every sheet, over the rows), and
# `max-width` cannot tell portrait from landscape. Output seen: media 816 and layout 688, 794, 1016 px for A4 with margins of 14 mm, without,
# and in landscape; one line of the fixed bar on each of 3 sheets. Needs Chromium (CHROMIUM, or on the PATH) and pdftotext.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check playwright==1.65.2
CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v google-chrome)}" FOLDER="$folder" "$folder/env/bin/python" - <<'PY'
import os
import subprocess
from importlib.metadata import version

from playwright.sync_api import sync_playwright

FILE = os.environ["FOLDER"] + "/paper.pdf"
SHOWN = "<main><p class=shown>shown</p></main>"


def text(page, html):
    page.set_content(html)
    page.pdf(path=FILE, prefer_css_page_size=True)
    return subprocess.run(["pdftotext", FILE, "-"], capture_output=True, check=True).stdout.decode()


def narrowest(page, paper, query):
    """The smallest width in px for which a query of max-width holds."""
    low, high = 100, 2000
    while low < high:
        middle = (low + high) // 2
        css = f"@page{{{paper}}}body{{margin:0}}main{{container-type:inline-size}}.shown{{display:none}}"
        rule = f"@{query} (max-width:{middle}px){{.shown{{display:block}}}}"
        low, high = (low, middle) if "shown" in text(page, f"<style>{css}{rule}</style>{SHOWN}") else (middle + 1, high)
    return low


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox", "--disable-gpu"])
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    papers = ("size:A4;margin:14mm", "size:A4;margin:0", "size:A4 landscape;margin:14mm")
    widths = {paper: (narrowest(page, paper, "media"), narrowest(page, paper, "container")) for paper in papers}
    rows = "".join(f"<p style='margin:0;line-height:20px'>row {at}</p>" for at in range(120))
    bar = "<style>@page{size:A4;margin:16mm}.bar{position:fixed;inset:auto 0 0;background:#fff;height:60px}</style>"
    sheets = text(page, bar + rows + "<p class=bar>BAR</p>")
    print("Chromium", browser.version, "playwright", version("playwright"), widths, sheets.count("BAR"), "bars on", sheets.count("\f"), "sheets")
    browser.close()
assert [media for media, _layout in widths.values()] == [816, 816, 816], "media queries ask another paper"
assert [round(layout, -1) for _media, layout in widths.values()] == [690, 790, 1020], "the layout has another width"
assert sheets.count("BAR") == sheets.count("\f") == 3, "a fixed bar does not stand on every sheet"
PY
