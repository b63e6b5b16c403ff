"""Answers on the wire: small, for those who ask for it, and telling nothing by their length."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask, Response

from tests.support.world import World
from web import compression
from web.assets import Assets
from web.csrf import masked, unmasked

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def world(world: World) -> World:
    """A company with a page of receivables."""
    customers = [world.customer(f"{n:05d}", f"深圳鑫晟电子{n}") for n in range(5)]
    for n in range(50):
        world.invoice(customers[n % 5], number=f"XS2026-{n:04d}", minor=1_000_00 + n)
    return world


def test_a_list_of_fifty_rows_is_a_fifth_on_the_wire_and_the_same_page(world: World) -> None:
    client, path = world.client(), world.url("/receivables/")
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert plain.headers.get("Content-Encoding") is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 5

    def without_tokens(page: bytes) -> str:
        return re.sub(r'(content|value)="m\.[^"]+"', "", page.decode())

    assert without_tokens(gzip.decompress(packed.data)) == without_tokens(plain.data)
    assert all("Accept-Encoding" in answer.headers["Vary"] for answer in (plain, packed))


def test_styles_and_script_are_packed_once_and_keep_their_names(world: World) -> None:
    assets: Assets = world.app.extensions["assets"]
    client = world.app.test_client()
    for name in ("app.css", "app.js", "favicon.svg"):
        address = f"/assets/{assets.served_as(name)}"
        plain, packed = client.get(address), client.get(address, headers=GZIP)
        assert gzip.decompress(packed.data) == plain.data
        assert packed.headers["ETag"] != plain.headers["ETag"]
        found = assets.find(assets.served_as(name))
        assert found is not None
        assert packed.data == found.packed
        again = client.get(address, headers={**GZIP, "If-None-Match": packed.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("refused", ["", "identity", "gzip;q=0", "br"])
def test_who_does_not_take_gzip_gets_none(world: World, refused: str) -> None:
    answer = world.app.test_client().get("/sign-in", headers={"Accept-Encoding": refused})
    assert "Content-Encoding" not in answer.headers


def test_short_answers_and_files_stay_as_they_are() -> None:
    app = Flask("tiny")
    compression.install(app)
    app.add_url_rule("/short", "short", lambda: "ok")
    app.add_url_rule("/file", "file", lambda: Response(b"%PDF" + b"0" * 9_000, mimetype="application/pdf"))
    app.add_url_rule("/none", "none", lambda: ("", 204))
    client = app.test_client()
    for path in ("/short", "/file", "/none"):
        assert "Content-Encoding" not in client.get(path, headers=GZIP).headers


def test_no_two_answers_carry_the_same_token_and_each_is_accepted(world: World) -> None:
    """The compressed length of a page with a secret in it would tell the secret, guess by guess (BREACH)."""
    client = world.client()
    app = world.app
    before = app.config.get("WTF_CSRF_ENABLED", True)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        tokens = [_token(client.get(world.url("/receivables/")).text) for _ in range(2)]
        assert tokens[0] != tokens[1]
        shared = max(len(run) for run in _common_runs(*tokens))
        assert shared < 8
        for token in tokens:
            assert client.post("/sign-out", data={"csrf_token": token}).status_code in (302, 303)
            client = world.client()
            tokens[1] = _token(client.get(world.url("/receivables/")).text)
        assert client.post("/sign-out", data={"csrf_token": tokens[1][:-8] + "AAAAAAAA"}).status_code == 409
    finally:
        app.config["WTF_CSRF_ENABLED"] = before


def test_a_mask_comes_off_and_nonsense_stays_nonsense() -> None:
    assert unmasked(masked("abc.def.ghi")) == "abc.def.ghi"
    for nonsense in ("", "x", "m.", "m.a", "m.abc", "m.ÄÖÜ", "m.AAAA", "m." + "_" * 7):
        assert isinstance(unmasked(nonsense), str)


def test_the_length_of_the_same_text_differs() -> None:
    text = b"The same page. " * 200
    lengths = {len(compression.gzipped(text, compression.LEVEL, blur_bytes=compression.BLUR_BYTES)) for _ in range(40)}
    assert len(lengths) > 5


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


def _common_runs(left: str, right: str) -> list[str]:
    runs, run = [""], ""
    for a, b in zip(left, right, strict=False):
        run = run + a if a == b else ""
        runs.append(run)
    return runs
