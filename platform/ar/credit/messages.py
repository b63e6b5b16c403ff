"""Names of credit for other slices' pages: assessments, checks, proofs of payment; msgids, translated when shown."""

from __future__ import annotations

from ar.credit.assessments.messages import STATE_NAMES as ASSESSMENT_STATES
from ar.credit.checks.messages import CHECK_NAMES, PROOF_NAMES, PROOF_STATES

__all__ = ["ASSESSMENT_STATES", "CHECK_NAMES", "PROOF_NAMES", "PROOF_STATES"]
