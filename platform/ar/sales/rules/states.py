"""Decides which state an order comes into by an answer of the checks, and whether it is done.

Source: R013, R064. Pure.
"""

from __future__ import annotations


def state_after_answer(state: str, *, passes: bool, holds: bool) -> str:
    """Returns the state of an order that was asked. `holds`: a refusal holds a released or completed one too."""
    if passes and state in ("draft", "held"):
        return "released"
    if not passes and (state == "draft" or (holds and state in ("released", "completed"))):
        return "held"
    return state


def state_when_done(state: str, *, is_done: bool) -> str:
    """Returns the state of an order that is signed for and invoiced to its end, gifts and samples too, or not yet."""
    if state == "released" and is_done:
        return "completed"
    if state == "completed" and not is_done:
        return "released"
    return state
