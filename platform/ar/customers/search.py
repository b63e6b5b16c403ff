"""How a customer is found and sorted: bigrams of its names for the index, pinyin for the order.

Invariant: what is stored and what is asked go through the same `_tokens`, so every part of a name, number or tax id
of two characters or more finds its customer.
"""

from __future__ import annotations

import unicodedata

from kernel.pinyin import pinyin_sort_key

MAX_TERMS = 8


def normalise(text: str) -> str:
    """Width and case taken away, blanks made single: how texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("\x00", "").split())


def sort_key(name: str) -> str:
    """The name as it sorts in both languages: Chinese by pinyin, Latin by itself."""
    return pinyin_sort_key(normalise(name))


def search_words(*texts: str) -> list[str]:
    """The distinct words stored for the GIN index: bigrams of each blank-separated token, and single characters."""
    words: set[str] = set()
    for text in texts:
        for token in normalise(text).split():
            words.update(token)
            words.update(_bigrams(token))
    return sorted(words)


def terms(query: str) -> list[str]:
    """The tokens of what a person typed; each must stand somewhere in the customer's texts."""
    return normalise(query).split()[:MAX_TERMS]


def wanted_words(query: str) -> list[str]:
    """The words that a match must contain: narrows by the index before the tokens are compared whole."""
    words: set[str] = set()
    for token in terms(query):
        words.update(_bigrams(token) if len(token) > 1 else token)
    return sorted(words)


def _bigrams(token: str) -> list[str]:
    return [token[at : at + 2] for at in range(len(token) - 1)]
