"""What other slices may ask of escalation: reasons in words, holds, a customer's ladder.

Invariant: a face; the modules behind it are private to the slice.
"""

from __future__ import annotations

from ar.cases.ladder.explain import reason_text, why_held, why_step
from ar.cases.letters.texts import STATE_TONES, state_name, step_name
from ar.cases.queue.queries import block_views, case_strip
from ar.cases.queue.views import BlockView, CaseStrip, StripStep

__all__ = [
    "STATE_TONES",
    "BlockView",
    "CaseStrip",
    "StripStep",
    "block_views",
    "case_strip",
    "reason_text",
    "state_name",
    "step_name",
    "why_held",
    "why_step",
]
