"""Who may sign in to the demo: every person of the cast. Imports nothing that builds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.seeds.cast import HUAXIN, IN_BOTH, PASSWORD, WEIYE, CompanyCast
from kernel.db import open_session
from kernel.errors import NotFound
from tenants.permissions import ROLE_NAMES
from tenants.queries import tenant_by_slug

#: The file below VAR_DIR that says that the companies in the database are the demo's.
MARKER: Final = "demo"


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in of the demo: `role` is the English name of the person's first role."""

    role: str
    name: str
    email: str
    password: str
    company: str


def sign_ins() -> list[SignIn]:
    """Returns every person of the cast with e-mail and password, the first company's first."""
    own = [
        SignIn(str(ROLE_NAMES[person.roles[0]]), person.name, person.email(cast.slug), PASSWORD, cast.name)
        for cast in (WEIYE, HUAXIN)
        for person in cast.people
    ]
    key, roles = IN_BOTH
    guest = next(person for person in WEIYE.people if person.key == key)
    return [*own, SignIn(str(ROLE_NAMES[roles[0]]), guest.name, guest.email(WEIYE.slug), PASSWORD, HUAXIN.name)]


def missing_companies() -> list[CompanyCast]:
    """Returns the demo's companies that the database does not hold yet."""
    with open_session(None, read_only=True) as db:

        def is_missing(cast: CompanyCast) -> bool:
            try:
                tenant_by_slug(db, cast.slug)
            except NotFound:
                return True
            return False

        return [cast for cast in (WEIYE, HUAXIN) if is_missing(cast)]
