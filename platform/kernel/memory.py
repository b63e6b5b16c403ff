"""Sets how often Python looks for garbage in cycles: seldom, and never among what a process loaded at its start.

A process that reads fifty thousand rows otherwise spends nine tenths of that time looking through them for garbage.
"""

from __future__ import annotations

import gc
from typing import Final

#: So many objects more than were freed start a collection of the young ones; every twentieth goes a generation on.
ALLOCATIONS: Final = 20_000


def collect_seldom() -> None:
    """Collects garbage after more objects than Python would wait for."""
    gc.set_threshold(ALLOCATIONS, 20, 20)


def keep_loaded_objects() -> None:
    """Exempts the objects loaded so far from garbage collection, since they live as long as the process."""
    gc.collect()
    gc.freeze()
    collect_seldom()
