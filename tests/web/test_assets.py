"""Assets: the name changes with the content, the answer may be kept for ever, nothing in them breaks the CSP."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from web import assets


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return Path(shutil.copytree(assets.STATIC, tmp_path / "static"))


def test_every_stylesheet_is_joined_and_the_layers_come_first() -> None:
    on_disk = {path.stem for path in (assets.STATIC / "css").glob("*.css")}
    assert set(assets.CSS) == on_disk
    css = assets.build()["app.css"].body.decode()
    assert css.index("@layer reset, tokens, base") < css.index("{")


def test_each_rule_stands_in_a_declared_layer() -> None:
    declared = set(re.findall(r"@layer ([a-z, ]+);", assets.build()["app.css"].body.decode())[0].split(", "))
    for name in assets.CSS:
        text = (assets.STATIC / "css" / f"{name}.css").read_text()
        assert set(re.findall(r"@layer (\w+) \{", text)) <= declared
        assert text.count("{") == text.count("}")


def test_our_script_stays_small_and_evaluates_nothing() -> None:
    script = (assets.STATIC / "js" / "app.js").read_text()
    assert len(script.splitlines()) < 100
    assert not re.search(r"\beval\(|new Function|innerHTML|\.style\b|submit\(", script)


def test_a_changed_file_gets_a_new_name_and_an_unchanged_one_keeps_it(static: Path) -> None:
    before = assets.build(static)
    with (static / "css" / "base.css").open("a") as css:
        css.write("\n/* changed */\n")
    after = assets.build(static)
    assert after["app.css"].served_as != before["app.css"].served_as
    assert after["app.js"].served_as == before["app.js"].served_as
    assert re.fullmatch(r"app\.[0-9a-f]{12}\.css", after["app.css"].served_as)


def test_only_a_watching_process_sees_a_change(static: Path) -> None:
    still, watching = assets.Assets(static), assets.Assets(static, watch=True)
    name = still.served_as("app.css")
    path = static / "css" / "base.css"
    path.write_text(path.read_text() + "\n")
    os.utime(path, ns=(1, 1))
    assert still.served_as("app.css") == name
    assert watching.served_as("app.css") != name


def test_served_for_ever_under_its_hash_and_not_found_under_any_other() -> None:
    app = Flask(__name__, static_folder=None)
    installed = assets.install(app)
    client = app.test_client()
    with app.test_request_context():
        url = app.jinja_env.globals["asset"]("app.css")  # type: ignore[operator]
    assert url == f"/assets/{installed.served_as('app.css')}"
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css; charset=utf-8"
    assert client.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get("/assets/app.000000000000.css").status_code == 404
    assert client.get("/assets/../assets.py").status_code == 404
