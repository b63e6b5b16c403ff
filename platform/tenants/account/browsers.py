"""Names a browser as its person would, from what it says of itself.

Invariant: the name is for people; nothing is decided by it.
"""

from __future__ import annotations

import re
from typing import Final

#: Told in this order: most browsers also claim to be those further down.
BROWSERS: Final = (
    ("WeChat", r"MicroMessenger/"),
    ("Edge", r"Edg(?:A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("QQ Browser", r"M?QQBrowser/"),
    ("UC Browser", r"UCBrowser/"),
    ("Firefox", r"(?:Firefox|FxiOS)/"),
    ("Chrome", r"(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"Version/[\d.]+.*Safari/"),
)
SYSTEMS: Final = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def browser_name(user_agent: str) -> str:
    """Returns browser and system of a User-Agent header, "Chrome · Windows"; empty when it names neither."""
    found = (_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent))
    return " · ".join(filter(None, found))


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")
