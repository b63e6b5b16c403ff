"""Lookups of cases for other slices: explanations, a customer's holds and ladder, names of steps and states."""

from __future__ import annotations

from ar.cases.holds.queries import HoldView, hold_views
from ar.cases.ladder.explain import explain_step, explain_withheld, reason_text
from ar.cases.ladder.queries import LadderStrip, LadderStripStep, StopProposal, ladder_strip, stop_proposals
from ar.cases.ladder.step_texts import STATE_TONES, state_name, step_name
from ar.cases.letters.lines import Letter, letter_claims
from ar.cases.queue.queries import decision_tasks, letters_to_approve
from ar.cases.queue.views import QueueAction
from ar.cases.queue.waiting import (
    WAITING,
    in_tab,
    is_work_of_today,
    letters_to_release,
    open_work,
    still_claims,
    tasks_to_decide,
)

__all__ = [
    "STATE_TONES",
    "WAITING",
    "HoldView",
    "LadderStrip",
    "LadderStripStep",
    "Letter",
    "QueueAction",
    "StopProposal",
    "decision_tasks",
    "explain_step",
    "explain_withheld",
    "hold_views",
    "in_tab",
    "is_work_of_today",
    "ladder_strip",
    "letter_claims",
    "letters_to_approve",
    "letters_to_release",
    "open_work",
    "reason_text",
    "state_name",
    "step_name",
    "still_claims",
    "stop_proposals",
    "tasks_to_decide",
]
