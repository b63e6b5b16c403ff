"""Commands of credit for other slices: check an order, commit it, lock what the checks ask.

Invariant: other slices call these; the modules behind them are private to credit.
"""

from __future__ import annotations

from ar.credit.checks.deciding import check_order, lock_credit
from ar.credit.checks.holds.commands import end_paid_stops, lift_stops_of, stop_shipments
from ar.credit.checks.holds.inputs import LiftStop, StopShipments
from ar.credit.checks.proofs.commands import ProofOrder, decide_proof, upload_proof
from ar.credit.checks.proofs.inputs import DecideProof, UploadProof
from ar.credit.checks.requests.commands import ORDER_APPROVED, request_over_limit, withdraw_requests_of_order
from ar.credit.checks.requests.inputs import RequestOverLimit
from ar.credit.checks.standing import Standing, read_standing
from ar.credit.exposure.commands import Commitments, commit_order
from ar.credit.exposure.inputs import CommitOrder
from ar.credit.limits.commands import request_limit
from ar.credit.limits.granting import GrantLimit, grant_limit
from ar.credit.limits.inputs import RequestLimit, TakenOverLimit
from ar.credit.limits.taking_over import take_back_limits, take_over_limits

__all__ = [
    "ORDER_APPROVED",
    "CommitOrder",
    "Commitments",
    "DecideProof",
    "GrantLimit",
    "LiftStop",
    "ProofOrder",
    "RequestLimit",
    "RequestOverLimit",
    "Standing",
    "StopShipments",
    "TakenOverLimit",
    "UploadProof",
    "check_order",
    "commit_order",
    "decide_proof",
    "end_paid_stops",
    "grant_limit",
    "lift_stops_of",
    "lock_credit",
    "read_standing",
    "request_limit",
    "request_over_limit",
    "stop_shipments",
    "take_back_limits",
    "take_over_limits",
    "upload_proof",
    "withdraw_requests_of_order",
]
