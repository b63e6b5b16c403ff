"""Fixtures of escalation: a day before anything is due, and a postbox that speaks SMTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from kernel.settings import settings
from tests.support.postbox import Postbox, smtp_server
from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """A company on the first of October; what happens later is told day by day."""
    return world.on(date(2026, 10, 1))


@pytest.fixture
def postbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """Where the product's mail goes in this test."""
    with smtp_server() as (box, url):
        monkeypatch.setenv("SMTP_URL", url)
        settings.cache_clear()
        yield box
    monkeypatch.undo()
    settings.cache_clear()
