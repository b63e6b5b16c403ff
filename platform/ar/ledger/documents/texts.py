"""Sentences that the pages of typed documents share."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark

DRAFT_SAVED: Final = mark("The draft is saved. It is in no balance until posted.")
