"""The limiter of requests, app-wide: `app.factory` starts it, routes below it name their limits.

Invariant: counts live in Redis, so that every process counts together;
without Redis each process counts for itself.
"""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, strategy="moving-window", headers_enabled=True)
