"""Defines the input of the blacklist."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from kernel.inputs import CommandInput


class ProposeListing(CommandInput):
    """Proposes to put a customer on the blacklist, or to take it off; the deciders read the reason."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
