"""Addresses of pages for code that is no view: entry sources, subjects of approvals, tabs.

Invariant: an address is asked for within a request; outside of one there is no page to lead to.
"""

from __future__ import annotations

from typing import Any

from flask import url_for


def page_url(endpoint: str, **values: Any) -> str:
    """Returns the address of an endpoint, staff pages within the company of the request."""
    return url_for(endpoint, **values)
