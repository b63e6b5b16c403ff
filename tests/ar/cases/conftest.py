"""Fixtures of escalation: a desk per company, and a postbox that speaks SMTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.settings import settings
from tests.ar.cases.desk import Desk, Postbox, smtp_server
from tests.support.companies import TestCompany


@pytest.fixture
def desk(company: TestCompany) -> Desk:
    """An empty desk."""
    return Desk(company)


@pytest.fixture
def postbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """Where the product's mail goes in this test."""
    with smtp_server() as (box, url):
        monkeypatch.setenv("SMTP_URL", url)
        settings.cache_clear()
        yield box
    monkeypatch.undo()
    settings.cache_clear()
