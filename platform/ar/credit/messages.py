"""Names that pages of other slices show: states of assessments.

Invariant: a face; the texts stand in the rooms.
"""

from __future__ import annotations

from ar.credit.assessments.messages import STATE_NAMES as ASSESSMENT_STATES

__all__ = ["ASSESSMENT_STATES"]
