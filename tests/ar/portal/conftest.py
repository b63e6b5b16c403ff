"""The portal's fixtures: the second of April, and a statement that was mailed on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.clock import fixed_clock
from tests.ar.portal.debtor import APRIL_2, NOW, DebtorBrowser, mail_statement_to_debtor
from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """A company on the second of April."""
    return world.on(APRIL_2)


@pytest.fixture
def debtor(world: World) -> Iterator[DebtorBrowser]:
    """A debtor who has a statement of two invoices."""
    with fixed_clock(NOW):
        yield mail_statement_to_debtor(world)
