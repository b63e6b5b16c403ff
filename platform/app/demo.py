"""The demo's sign-in page lists its people, each with one click and with what to try; in the demo alone.

Invariants: registered only in development where `huikuan demo` built the companies (its marker below VAR_DIR); a click
is a POST, and signs in nobody but a person of the cast whose password is still the demo's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, request

from app.seeds.people import MARKER, SignIn, sign_ins
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.settings import Settings
from tenants import queries
from tenants.access import public
from tenants.sign_in.identity import load_person_by_id
from tenants.sign_in.passwords import verify_password
from tenants.sign_in.routes import begin_session, landing_url
from web.context import db
from web.limits import limited
from web.responses import Page, see_other

#: What to try as each person of the cast, by the part of the address before the @.
TO_TRY: Final[dict[str, str]] = {
    "admin": mark("People and their roles, settings, working days, e-mails in doubt"),
    "finance-director": mark("Approvals that wait, periods, late interest, provision, bad debts"),
    "finance": mark("Bank file, receipts by hand, accounts and trial balance"),
    "accountant": mark("Today, the review queue, matching, bills, a customer's timeline, import, statements"),
    "cost-accountant": mark("Aging and key figures, to read only"),
    "general-manager": mark("The debts that were reported, limits to approve, and approvals above the director's"),
    "gm-office": mark("Customers, aging and key figures, to read only"),
    "sales-manager": mark("Letters that wait for release, assessments to sign, contracts to review"),
    "salesperson": mark("Own customers, calls with their outcomes, assessments, danger signals"),
    "salesperson-2": mark("Own customers, calls with their outcomes, promises"),
    "order-follow-up": mark("Orders that are held and why, and delivery notes that have not come back signed"),
    "warehouse": mark("What may leave, what may not, and why"),
    "driver": mark("Own deliveries, and signatures on the phone"),
    "collector": mark("Calls of every owner, promises and disputes, letters to release"),
    "legal": mark("Tasks of every owner, interest, and bad debts to propose"),
    "auditor": mark("All books and the journal, to read only"),
}

bp = Blueprint("demo", __name__)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the demo on the sign-in page, with what to try as them, in the current language."""

    email: str
    name: str
    role: str
    to_try: str


def install(app: Flask, configured: Settings) -> None:
    """Registers the list and its sign-in where the demo runs, and nothing elsewhere."""
    if is_demo(configured):
        app.register_blueprint(bp)
        app.jinja_env.globals["demo_people"] = demo_people


def is_demo(configured: Settings) -> bool:
    """Returns whether the companies are the demo's: in development, and built by `huikuan demo`."""
    return configured.environment == "development" and (Path(configured.var_dir) / MARKER).is_file()


def demo_people() -> list[tuple[str, list[DemoPerson]]]:
    """Returns the people by company, in the order of the cast; who belongs to both companies is in the first."""
    found: dict[str, list[DemoPerson]] = {}
    seen: set[str] = set()
    for person in sign_ins():
        if person.email not in seen:
            seen.add(person.email)
            found.setdefault(person.company, []).append(_shown(person))
    return list(found.items())


@bp.post("/demo/sign-in")
@public
@limited("60 per minute")
def sign_in() -> Page:
    """Signs in as the person of the cast whose address the button carries."""
    chosen = next((person for person in sign_ins() if person.email == request.form.get("email")), None)
    found = queries.user_for_sign_in(db(), chosen.email) if chosen else None
    right = verify_password(found[1] if found else None, chosen.password if chosen else "")
    person = load_person_by_id(db(), found[0]) if found and right else None
    if person is None:
        raise NotFound("person_not_found")
    begin_session(person)
    return see_other(landing_url(person))


def _shown(person: SignIn) -> DemoPerson:
    key = person.email.partition("@")[0]
    return DemoPerson(person.email, person.name, _(person.role), _(TO_TRY[key]))
