"""Proofs of payment against which grade C ships: uploaded by sales, accepted or rejected by finance."""
