"""Defines `huikuan tenant`: creates and lists companies, adds people, sets passwords."""

from __future__ import annotations

import sys
from typing import Any

import click

from app.cli.local import use_local_servers
from app.factory import development_secret
from app.onboarding import create_company
from kernel.db import open_session, read_only_transaction
from kernel.errors import NotFound
from kernel.settings import settings
from tenants.commandline import emit, json_option, reports_errors, tenant_transaction
from tenants.inputs import CreateTenant
from tenants.people.commands import invite_person
from tenants.people.inputs import InvitePerson
from tenants.permissions import Role
from tenants.queries import TenantFacts, active_tenants, company, has_password, tenant, user_for_sign_in
from tenants.sign_in.commands import set_password
from tenants.sign_in.identity import SignedInPerson, load_person_by_id
from tenants.sign_in.inputs import ChoosePassword
from tenants.sign_in.links import WelcomeLinks

POLICIES = ("five-step", "twelve-step")
ROLES = [role.value for role in Role]


@click.group("tenant")
def group() -> None:
    """Companies and their people."""


@group.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The company's name.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True)
@click.option("--currency", default="CNY", show_default=True)
@click.option("--language", type=click.Choice(["zh_CN", "en"]), default="zh_CN", show_default=True)
@click.option("--policy", type=click.Choice(POLICIES), default=POLICIES[0], show_default=True)
@click.option("--owner", "owner_email", required=True, metavar="EMAIL", help="The first person: administrator.")
@click.option("--owner-name", default="", help="Their name.")
@json_option
@reports_errors
def create(as_json: bool, **given: str) -> None:
    """Create a company; prints its owner's welcome link."""
    data = CreateTenant.model_validate(given)
    use_local_servers()
    with open_session(None) as db:
        tenant_id, user_id = create_company(db, data)
        facts, owner = tenant(db, tenant_id), load_person_by_id(db, user_id)
        url = _welcome_url(db, owner)
        db.commit()
    payload = {
        "tenant": {**_tenant(facts), "policy": data.policy},
        "owner": {"email": data.owner_email, "welcome_url": url},
    }
    emit(payload, as_json, lambda: _created(facts, data.owner_email, url))


@group.command("list")
@json_option
@reports_errors
def list_command(as_json: bool) -> None:
    """List the companies."""
    use_local_servers()
    with read_only_transaction(None) as db:
        tenants = active_tenants(db)
    emit(
        {"tenants": [_tenant(facts) for facts in tenants]},
        as_json,
        lambda: "\n".join(f"{t.slug:<24} {t.currency}  {t.timezone:<20} {t.name}" for t in tenants),
    )


@group.command("show")
@click.argument("slug")
@json_option
@reports_errors
def show(slug: str, as_json: bool) -> None:
    """One company and its settings."""
    with tenant_transaction(slug, read_only=True) as (db, actor):
        facts, settings_of = tenant(db, actor.tenant_id), company(db, actor.tenant_id)
    payload = {
        "tenant": {
            **_tenant(facts),
            "policy": settings_of.policy_code,
            "review_mode": settings_of.review_mode,
            "calendar": settings_of.calendar,
        }
    }
    emit(payload, as_json, lambda: "\n".join(f"{key}: {value}" for key, value in payload["tenant"].items()))


@group.command("add-person")
@click.argument("slug")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be repeated.")
@json_option
@reports_errors
def add_person(slug: str, email: str, name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Give a person roles in a company; prints the link by which they choose a password."""
    data = InvitePerson.model_validate({"email": email, "name": name, "roles": list(roles)})
    with tenant_transaction(slug) as (db, actor):
        user_id = invite_person(db, actor, data)
        person = load_person_by_id(db, user_id)
        url = _welcome_url(db, person)
    payload = {"email": data.email, "name": person.name if person else name, "roles": sorted(roles), "welcome_url": url}
    emit({"person": payload}, as_json, lambda: _invited(data.email, url))


@group.command("set-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input instead of asking.")
@json_option
@reports_errors
def set_password_command(email: str, password_stdin: bool, as_json: bool) -> None:
    """Set a person's password and end all their sessions."""
    use_local_servers()
    with read_only_transaction(None) as db:
        found = user_for_sign_in(db, email.strip().lower())
    if found is None:
        raise NotFound("user_not_found", email=email)
    typed = (
        sys.stdin.readline()
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    data = ChoosePassword.model_validate({"password": typed.strip()})
    with open_session(None) as session:
        set_password(session, found[0], data.password)
        session.commit()
    emit({"email": email.strip().lower()}, as_json, lambda: f"The password of {email} is set.")


def _welcome_url(db: Any, person: SignedInPerson | None) -> str | None:
    """Returns the link to choose a password, or None for a person who has one."""
    if person is None or has_password(db, person.id):
        return None
    configured = settings()
    secret = configured.secret_key or development_secret(configured)
    return WelcomeLinks(secret, configured.base_url).url(person.id, person.session_version)


def _tenant(facts: TenantFacts) -> dict[str, Any]:
    return {
        "id": str(facts.id),
        "slug": facts.slug,
        "name": facts.name,
        "currency": facts.currency,
        "timezone": facts.timezone,
        "language": facts.language,
    }


def _created(facts: TenantFacts, email: str, url: str | None) -> str:
    return f"{facts.name} ({facts.slug}) is made.\n{_invited(email, url)}"


def _invited(email: str, url: str | None) -> str:
    if url is None:
        return f"{email} signs in with the password they have."
    return f"{email} chooses a password at {url} (good once, for 7 days)."
