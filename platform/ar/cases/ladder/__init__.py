"""Ladders of items: candidates of a run, stored states, policy versions, texts of steps, explanations."""
