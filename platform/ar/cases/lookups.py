"""Lookups of cases for other slices: explanations, a customer's holds and ladder, names of steps and states."""

from __future__ import annotations

from ar.cases.holds.queries import HoldView, hold_views
from ar.cases.ladder.explain import explain_step, explain_withheld, reason_text
from ar.cases.ladder.queries import LadderStrip, LadderStripStep, ladder_strip
from ar.cases.ladder.step_texts import STATE_TONES, state_name, step_name

__all__ = [
    "STATE_TONES",
    "HoldView",
    "LadderStrip",
    "LadderStripStep",
    "explain_step",
    "explain_withheld",
    "hold_views",
    "ladder_strip",
    "reason_text",
    "state_name",
    "step_name",
]
