"""What the page says that asks before letters are approved."""

from __future__ import annotations

import re


def letters_named(text: str) -> list[str]:
    """Returns the ids of the letters that the page names, as its form sends them back."""
    return re.findall(r'name="selected" value="([0-9a-f-]{36})"', text)
