"""What the mapping page has chosen beforehand applies cleanly: posted as it stands, applied, undone, imported again."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import pytest

from tests.ar.imports.files import do_last_message, job_page
from tests.ar.imports.grouped_ledgers import LEDGERS
from tests.ar.imports.test_grouped_ledgers import owed_and_customers
from tests.ar.imports.test_mapping_page import _id
from tests.support.world import World


class Filled(HTMLParser):
    """The fields of a page as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and (self._select not in self.values or "selected" in found):
            self.values[self._select] = found.get("value", "")
        elif tag == "input" and name and (found.get("type") != "checkbox" or "checked" in found):
            self.values[name] = found.get("value", "")


def filled_form(page: str) -> dict[str, str]:
    """Returns the fields of the page's main form."""
    parser = Filled()
    parser.feed(page[page.index("<main") :] if "<main" in page else page)
    return parser.values


def upload(world: World, text: str) -> str:
    """Uploads a ledger and checks it; returns its page."""
    data = {"kind": "open-items", "file": (io.BytesIO(text.encode()), "ledger.csv")}
    answer = world.client().post(world.url("/imports/"), data=data, content_type="multipart/form-data")
    do_last_message(world, "imports.check")
    return str(answer.headers["Location"])


@pytest.mark.parametrize(
    "system", ["Lexware OP-Liste", "QuickBooks Online A/R Aging Detail", "Odoo Aged Receivable", "金蝶 K3 往来对账单"]
)
def test_the_page_posted_as_it_stands_applies_and_can_be_undone_and_done_again(world: World, system: str) -> None:
    ledger, client = LEDGERS[system], world.client()
    for expected in ("asking", "checked"):
        path = upload(world, ledger.text)
        assert job_page(world, _id(path)).state == expected
        if expected == "asking":
            page = client.get(f"{path}/mapping").text
            answer = client.post(f"{path}/mapping", data={**filled_form(page), "do": "check"})
            assert answer.status_code == 303, answer.text
            do_last_message(world, "imports.check")
        job = job_page(world, _id(path))
        assert (job.state, job.report.errors) == ("checked", [])
        assert client.post(f"{path}/application", data={"totals_confirmed": "1"}).status_code == 303
        do_last_message(world, "imports.apply")
        assert sum(owed_and_customers(world)[0].values()) == sum(ledger.owed.values())
        assert client.post(f"{path}/undo").status_code == 303
        do_last_message(world, "imports.undo")
        assert job_page(world, _id(path)).state == "undone"
