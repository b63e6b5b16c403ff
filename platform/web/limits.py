"""Limits on how often something is tried: counted in Redis, so that every process counts together.

Each application has limits of its own (on or off, where they count), and those that count in one place count
together: two applications of a process, all processes with one Redis. Invariants: without Redis each process counts
for itself, and says so in its log; a limit is asked before, and counted by who knows whether a try counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from ipaddress import IPv6Address, ip_address
from time import time
from typing import Any, Final, TypeVar, cast

from flask import Flask, current_app, request
from limits import RateLimitItem, WindowStats, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from kernel.log import logger
from web.context import remote_address

F = TypeVar("F", bound=Callable[..., Any])
log = logger(__name__)

MEMORY: Final = "memory://"
_EXTENSION: Final = "limits"
#: Of a client with an IPv6 address the network counts: one household or office has 2^64 addresses.
IPV6_PREFIX: Final = 64
REDIS_TIMEOUT_S: Final = 1


@lru_cache(maxsize=8)
def _counter(uri: str, prefix: str) -> MovingWindowRateLimiter:
    """Returns the counter at a place: one a process, whatever number of applications count there."""
    options: dict[str, Any] = {"wrap_exceptions": True}
    if uri != MEMORY:
        options |= {
            "key_prefix": prefix,
            "socket_timeout": REDIS_TIMEOUT_S,
            "socket_connect_timeout": REDIS_TIMEOUT_S,
        }
    return MovingWindowRateLimiter(storage_from_string(uri, **options))


class Limits:
    """The limits of one application. Keys are texts that name who or what is counted."""

    def __init__(self, uri: str, prefix: str, *, enabled: bool) -> None:
        self.uri, self.prefix, self.enabled = uri or MEMORY, prefix, enabled

    def passes(self, limit: RateLimitItem, *key: str) -> bool:
        """Returns whether one more is allowed, without counting it."""
        return not self.enabled or bool(self._ask(lambda counter: counter.test(limit, *key)))

    def count(self, limit: RateLimitItem, *key: str) -> bool:
        """Counts one; returns whether it was allowed."""
        return not self.enabled or bool(self._ask(lambda counter: counter.hit(limit, *key)))

    def forget(self, limit: RateLimitItem, *key: str) -> None:
        """Forgets what was counted under a key."""
        if self.enabled:
            self._ask(lambda counter: counter.clear(limit, *key))

    def wait_s(self, limit: RateLimitItem, *key: str) -> int:
        """Returns after how many seconds one more is allowed, at least 1."""
        stats: WindowStats = self._ask(lambda counter: counter.get_window_stats(limit, *key))
        return max(1, round(stats.reset_time - time()))

    def _ask(self, ask: Callable[[MovingWindowRateLimiter], Any]) -> Any:
        try:
            return ask(_counter(self.uri, self.prefix))
        except StorageError as error:
            log.warning("limits_count_alone", reason=str(error))
            return ask(_counter(MEMORY, self.prefix))


def install(app: Flask, uri: str, prefix: str, *, enabled: bool) -> None:
    """Gives an application its limits; `uri` of Redis, or empty."""
    app.extensions[_EXTENSION] = Limits(uri, prefix, enabled=enabled)


def limits() -> Limits:
    """Returns the limits of the current application."""
    return cast(Limits, current_app.extensions[_EXTENSION])


def client() -> str:
    """Returns what the client of the request is counted by: its IPv4 address, or its IPv6 network."""
    return network_of(remote_address())


def network_of(address: str) -> str:
    """Returns an address as it is counted; what is no address is counted as it is written."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)))


def limited(most: str) -> Callable[[F], F]:
    """Decorates a view that a client may ask for `most` ("20 per minute"); beyond it raises TooManyRequests (429)."""
    limit = parse(most)

    def decorate(view: F) -> F:
        @wraps(view)
        def counted(*args: Any, **values: Any) -> Any:
            key = (request.endpoint or "", client())
            if not limits().count(limit, *key):
                raise TooManyRequests(retry_after=limits().wait_s(limit, *key))
            return view(*args, **values)

        return cast(F, counted)

    return decorate
