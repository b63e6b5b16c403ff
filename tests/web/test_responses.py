"""Answers to a browser and to htmx, and what we lean on in htmx-flask."""

from __future__ import annotations

from io import BytesIO
from typing import get_args

import pytest
from flask import Flask, request

from kernel.texts import file_name
from web import responses
from web.responses import Swap, download, is_htmx, part, see_other

ASKS = {"HX-Request": "true"}


@pytest.fixture
def site() -> Flask:
    """An application with one view per way of answering."""
    made = Flask(__name__)
    responses.install(made)
    made.add_url_rule("/moved", view_func=lambda: see_other("/there"), endpoint="moved")
    made.add_url_rule("/asks", view_func=lambda: str(is_htmx()), endpoint="asks")
    made.add_url_rule("/plain", view_func=lambda: "the same for everybody", endpoint="plain")
    made.add_url_rule(
        "/sent", view_func=lambda: request.files["file"].filename or "", endpoint="sent", methods=["POST"]
    )
    made.add_url_rule("/file", view_func=lambda: download(b"x", "text/plain", "a\r\nb 合同.txt"), endpoint="file")
    return made


def test_after_a_change_a_browser_gets_303_and_htmx_the_address(site: Flask) -> None:
    client = site.test_client()
    plain, asked = client.get("/moved"), client.get("/moved", headers=ASKS)
    assert (plain.status_code, plain.headers["Location"], plain.headers.get("HX-Redirect")) == (303, "/there", None)
    assert (asked.status_code, asked.headers["HX-Redirect"], asked.headers.get("Location")) == (204, "/there", None)


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, "False"),
        (ASKS, "True"),
        ({"HX-Request": "false"}, "False"),
        (ASKS | {"HX-History-Restore-Request": "true"}, "False"),
    ],
)
def test_a_restored_history_page_is_asked_for_whole(site: Flask, headers: dict[str, str], answer: str) -> None:
    assert site.test_client().get("/asks", headers=headers).text == answer


def test_only_an_answer_that_depends_on_htmx_varies_by_it(site: Flask) -> None:
    client = site.test_client()
    assert client.get("/moved").headers["Vary"] == "HX-Request"
    assert client.get("/moved", headers=ASKS).headers["Vary"] == "HX-Request"
    assert "HX-Request" not in client.get("/plain").headers.get("Vary", "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("合同 2026.pdf", "合同 2026.pdf"),
        ("line\r\nbreak.pdf", "line break.pdf"),
        ("hidden\u200b\u202etxt.exe", "hiddentxt.exe"),
        ("C:\\fakepath\\list.xlsx", "list.xlsx"),
        ("../../etc/list.xlsx", "list.xlsx"),
        ("a" * 300 + ".xlsx", "a" * 195 + ".xlsx"),
        ("/", ""),
    ],
)
def test_the_name_of_a_file_is_one_line_without_folders(given: str, kept: str) -> None:
    assert file_name(given) == kept


def test_every_file_of_a_request_has_such_a_name(site: Flask) -> None:
    data = {"file": (BytesIO(b"x"), "../in\u200b voice.pdf")}
    assert site.test_client().post("/sent", data=data).text == "in voice.pdf"


def test_a_name_that_was_kept_with_a_line_break_can_still_be_downloaded(site: Flask) -> None:
    answer = site.test_client().get("/file")
    assert answer.status_code == 200
    assert "filename*=UTF-8''a%20b%20%E5%90%88%E5%90%8C.txt" in answer.headers["Content-Disposition"]


def test_every_swap_on_our_list_is_sent_and_the_two_broken_ones_are_not_on_it(app: Flask) -> None:
    styles = get_args(Swap)
    assert not {"beforebegin", "afterbegin"} & set(styles)
    with app.test_request_context("/"):
        values = {"computed": None, "pending": False}
        for style in styles:
            answer = part("ar/ledger/documents/_computed.html", swap=style, **values)
            assert answer.headers["HX-Reswap"] == style
        assert "HX-Reswap" not in part("ar/ledger/documents/_computed.html", **values).headers
