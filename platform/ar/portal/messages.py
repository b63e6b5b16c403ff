"""Texts of the error codes of the portal: it raises none of its own, and tells a stranger nothing."""

from __future__ import annotations

MESSAGES: dict[str, str] = {}
