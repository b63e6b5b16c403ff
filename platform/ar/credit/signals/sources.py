"""Danger signals as the slices above and below measure them: orders, promises, calls, money, bills (ADR 0045).

Invariant: credit knows no slice above it. Each declares what its books tell in its `slice.py`; `app.registry` installs
it here at process start, and every signal is measured by one slice only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tenants.slice import SignalSource

_sources: Final[list[SignalSource]] = []


def install(sources: Iterable[SignalSource]) -> None:
    """Registers the sources. Idempotent. Raises ValueError for a signal that two slices measure."""
    found = list(sources)
    codes = [code for source in found for code in source.codes]
    if len(codes) != len(set(codes)):
        raise ValueError("two slices measure one danger signal")
    _sources[:] = found


def installed() -> tuple[SignalSource, ...]:
    """Returns the sources of this process."""
    return tuple(_sources)
