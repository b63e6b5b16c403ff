"""Lookups of cases for other slices: explanations, a customer's holds and ladder, names of steps and states."""

from __future__ import annotations

from ar.cases.holds.queries import HoldView, hold_views
from ar.cases.ladder.explain import reason_text, why_held, why_step
from ar.cases.ladder.queries import LadderStrip, LadderStripStep, ladder_strip
from ar.cases.ladder.step_texts import STATE_TONES, state_name, step_name

__all__ = [
    "STATE_TONES",
    "HoldView",
    "LadderStrip",
    "LadderStripStep",
    "hold_views",
    "ladder_strip",
    "reason_text",
    "state_name",
    "step_name",
    "why_held",
    "why_step",
]
