"""Chinese names as they are spoken: what they sort by, among Latin ones.

May import the standard library and pypinyin. Invariant: the dictionary of phrases (重庆 is chong qing, not zhong qing)
takes some 50 MB, so it is loaded when the first Chinese name is written, not by every process that starts.
"""

from __future__ import annotations


def spoken(name: str) -> str:
    """Pinyin of what is Chinese in `name`, syllables apart and in lower case; the rest as it stands."""
    if name.isascii():
        return name.lower()
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name)).lower()
