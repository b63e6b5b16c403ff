"""Sort keys for names in Chinese and in Latin letters.

Invariant: the dictionary of phrases (重庆 is chong qing, not zhong qing) takes some 50 MB, so it is loaded when the
first Chinese name is sorted, not by every process that starts.
"""

from __future__ import annotations


def pinyin_sort_key(name: str) -> str:
    """Returns the name in lower case with its Chinese characters as pinyin, one blank between syllables."""
    if name.isascii():
        return name.lower()
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name)).lower()
