"""Decides which state an order comes into by an answer of the checks, and by what was delivered and invoiced of it.

Source: R013, R064, CS11. Pure.
"""

from __future__ import annotations


def state_after_answer(state: str, *, passes: bool, holds: bool) -> str:
    """Returns the state of an order that was asked. `holds`: a refusal holds a released one too."""
    if passes and state in ("draft", "held"):
        return "released"
    if not passes and (state == "draft" or (holds and state == "released")):
        return "held"
    return state


def state_by_amounts(state: str, total_minor: int, signed_minor: int, invoiced_minor: int) -> str:
    """Returns the state of an order by its amounts (minor units): completed once all is signed for and invoiced."""
    is_done = total_minor > 0 and min(signed_minor, invoiced_minor) >= total_minor
    if state == "released" and is_done:
        return "completed"
    if state == "completed" and not is_done:
        return "released"
    return state
