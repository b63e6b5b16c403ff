"""Registers credit with the application: assessments, limits, exposure, checks, reviews, signals."""

from __future__ import annotations

from typing import Final

from tenants.slice import Slice

SLICE: Final = Slice(name="credit")
