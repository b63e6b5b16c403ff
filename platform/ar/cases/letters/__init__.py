"""Dunning letters: texts, drafts, enclosures, the recheck before sending and delivery outcomes."""
