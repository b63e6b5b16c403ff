"""Builds what customers are searched and sorted by: bigrams for the index, pinyin for the order.

Invariant: stored texts and queries are split in the same way, so every part of two or more characters of a name, number
or tax id finds its customer.
"""

from __future__ import annotations

import unicodedata

from kernel.pinyin import pinyin_sort_key

MAX_TERMS = 8


def normalise(text: str) -> str:
    """Returns the text for comparison: NFKC, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().replace("\x00", "").split())


def sort_key(name: str) -> str:
    """Returns the sort key of a name: pinyin for Chinese characters, lower case for the rest."""
    return pinyin_sort_key(normalise(name))


def search_words(*texts: str) -> list[str]:
    """Returns the distinct words stored for the GIN index: bigrams of each token, and single characters."""
    words: set[str] = set()
    for text in texts:
        for token in normalise(text).split():
            words.update(token)
            words.update(_bigrams(token))
    return sorted(words)


def query_tokens(query: str) -> list[str]:
    """Returns the tokens of a query; each must occur in the customer's texts."""
    return normalise(query).split()[:MAX_TERMS]


def required_words(query: str) -> list[str]:
    """Returns the index words that a match must contain."""
    words: set[str] = set()
    for token in query_tokens(query):
        words.update(_bigrams(token) if len(token) > 1 else token)
    return sorted(words)


def _bigrams(token: str) -> list[str]:
    return [token[at : at + 2] for at in range(len(token) - 1)]
