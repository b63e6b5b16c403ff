"""Wires the debtor's portal into the application."""

from __future__ import annotations

from typing import Final

from tenants.slice import Slice

SLICE: Final = Slice(name="portal", outside=("ar.portal.routes:bp", "ar.portal.answer_routes:bp"))
