"""The limiter is one object of the process: a test that starts it for an app of its own puts it back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from web.limits import limiter


@contextmanager
def limiter_put_back() -> Iterator[None]:
    """Restores the limiter (storage, on or off, Redis reachable or not) after a second app has changed it."""
    before = dict(vars(limiter))
    try:
        yield
    finally:
        vars(limiter).clear()
        vars(limiter).update(before)
