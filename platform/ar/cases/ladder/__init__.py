"""Ladders of items: candidates of a run, stored states, policy versions, explanations."""
