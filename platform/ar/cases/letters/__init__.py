"""Dunning letters: texts, drafting, enclosures, the recheck before sending and what became of them."""
