"""The day on which the statements of March are issued."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """A company on the second of April."""
    return world.on(date(2026, 4, 2))
