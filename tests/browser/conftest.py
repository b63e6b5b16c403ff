"""A real browser against a real server on loopback. Without Chromium the journeys skip, saying so; in CI they fail."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from kernel.clock import fixed_clock

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# 09:00 in Shanghai on a working day.
MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the machine."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium for the browser journeys")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(engine: object) -> Iterator[str]:
    """The product, with CSRF on as in real life, at an address on loopback; every request sees MONDAY."""
    from app.factory import create_app

    app: Flask = create_app()
    answer = app.wsgi_app

    def on_monday(environ: Any, start_response: Any) -> Any:
        with fixed_clock(MONDAY):
            return answer(environ, start_response)

    app.wsgi_app = on_monday  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Visitor:
    """A page that remembers what the browser complained about."""

    page: Page
    site: str
    complaints: list[str]

    def go(self, path: str) -> None:
        """Opens a path of the site (or a whole address)."""
        self.page.goto(path if path.startswith("http") else self.site + path)

    def check(self) -> None:
        """No script error, no CSP violation, no axe violation, no sideways scrolling."""
        assert self.complaints == []
        found = Axe().run(self.page, options=RULES)
        broken = [f"{v['id']}: {[n['target'] for n in v['nodes']][:3]}" for v in found.response["violations"]]
        assert broken == [], self.page.url
        width = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{self.page.url} scrolls sideways by {width} px"


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[object]:
    """Makes visitors: `visit(language, narrow=…, javascript=…)`."""
    contexts = []

    def make(language: str = "zh-CN", *, narrow: bool = False, javascript: bool = True) -> Visitor:
        context = browser.new_context(
            locale=language, viewport=NARROW if narrow else WIDE, java_script_enabled=javascript
        )
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and "status of 4" not in message.text
                else None
            ),
        )
        return Visitor(page, site, complaints)

    yield make
    for context in contexts:
        context.close()
