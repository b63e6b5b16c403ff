"""Defines the input that settles a mail in doubt."""

from __future__ import annotations

from typing import Literal

from kernel.inputs import CommandInput


class SettleMail(CommandInput):
    """Settles a mail in doubt: it arrived, it did not, or it did not and is sent again."""

    outcome: Literal["arrived", "lost", "send_again"]
