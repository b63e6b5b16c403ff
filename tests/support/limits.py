"""The limiter is one object of the process: a test that starts it for an app of its own puts it back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from web.limits import limiter


@contextmanager
def limiter_put_back() -> Iterator[None]:
    """What a second app does to the limiter (storage, whether it is on, whether Redis is away) ends with the test."""
    before = dict(vars(limiter))
    try:
        yield
    finally:
        vars(limiter).clear()
        vars(limiter).update(before)
