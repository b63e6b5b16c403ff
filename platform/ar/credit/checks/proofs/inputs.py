"""Inputs of the commands on proofs of payment (R045, grade C)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from kernel.inputs import CommandInput, Key

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class UploadProof(CommandInput):
    """A cheque, pay-in slip or transfer receipt for one order; `amount` in major units of the order's currency."""

    kind: Literal["cheque", "pay_in_slip", "transfer_receipt"]
    amount: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    reference: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    key: Key


class DecideProof(CommandInput):
    """Finance accepts or rejects a proof; a rejection carries its reason."""

    outcome: Literal["accepted", "rejected"]
    note: Note = ""
