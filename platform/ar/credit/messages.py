"""Names of credit for other slices' pages: checks, proofs of payment; msgids, translated when shown."""

from __future__ import annotations

from ar.credit.checks.messages import CHECK_NAMES, PROOF_NAMES, PROOF_STATES

__all__ = ["CHECK_NAMES", "PROOF_NAMES", "PROOF_STATES"]
