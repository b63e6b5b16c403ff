"""Limits wrong passwords, without giving anybody the power to lock another person out.

Only failures count. A stranger's browser is limited by address and client, by client alone (many addresses tried from
one place), and by address alone (one address tried from many places). A browser in which the person signed in before
is limited by itself, whatever others do to the address; and a link by mail is always a way in.

Invariant: an address that nobody has is counted like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, parse

from web.limits import Limits

BY_ADDRESS_AND_CLIENT: Final = parse("10 per 10 minutes")
BY_CLIENT: Final = parse("100 per hour")
BY_ADDRESS: Final = parse("50 per hour")
BY_BROWSER: Final = parse("10 per 10 minutes")
#: Of a signed-in person who changes their password and does not know the old one.
BY_PERSON: Final = parse("10 per 10 minutes")


@dataclass(frozen=True, slots=True)
class SignInTry:
    """A try to sign in: the normalised address, the client, and the browser if the person signed in with it before."""

    address: str
    client: str
    known_browser: str = ""

    def counted_by(self) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        """Returns what this try is counted by."""
        if self.known_browser:
            return [(BY_BROWSER, ("sign-in browser", self.known_browser, self.address))]
        return [
            (BY_ADDRESS_AND_CLIENT, ("sign-in", self.address, self.client)),
            (BY_CLIENT, ("sign-in client", self.client)),
            (BY_ADDRESS, ("sign-in address", self.address)),
        ]


def wait_s(limits: Limits, attempt: SignInTry) -> int:
    """Returns how many seconds this try has to wait, 0 when it may be made. Counts nothing."""
    blocked = [limits.wait_s(limit, *key) for limit, key in attempt.counted_by() if not limits.passes(limit, *key)]
    return max(blocked, default=0)


def failed(limits: Limits, attempt: SignInTry) -> None:
    """Counts a try whose password was wrong."""
    for limit, key in attempt.counted_by():
        limits.count(limit, *key)


def succeeded(limits: Limits, attempt: SignInTry) -> None:
    """Forgets the failures of this person at this place: they were theirs."""
    limit, key = attempt.counted_by()[0]
    limits.forget(limit, *key)
