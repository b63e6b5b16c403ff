"""Dunning letters: drafts, enclosures, the recheck before sending and delivery outcomes."""
