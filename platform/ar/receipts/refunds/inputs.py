"""Inputs of refunds: the request and its withdrawal."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from ar.receipts.posting.inputs import Amount, OptionalLine, RequiredLine
from kernel.inputs import CommandInput, Key


class RequestRefund(CommandInput):
    """Request a refund out of an unapplied credit; it is paid once approved."""

    amount: Amount
    payee_name: RequiredLine
    payee_account: OptionalLine = ""
    payee_bank: OptionalLine = ""
    bank_account_id: UUID | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    key: Key


class WithdrawRefund(CommandInput):
    """Withdraw the request for a refund; only the requester can."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
