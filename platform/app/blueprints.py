"""Every blueprint of the product, once, with where it hangs. Staff pages hang under `/c/<company>`."""

from __future__ import annotations

from flask import Flask

from app.development import bp as development
from ar.cases.routes import bp as cases
from ar.customers.routes import bp as customers
from ar.imports.routes import bp as imports
from ar.ledger.routes import bp as ledger
from ar.portal.routes import bp as portal
from ar.reports.aging_routes import bp as aging
from ar.reports.routes import bp as overview
from ar.statements.routes import bp as statements
from kernel.settings import settings
from tenants.auth_routes import bp as auth
from tenants.people_routes import bp as people
from tenants.settings_routes import bp as company_settings

COMPANY = "/c/<company>"
STAFF = (overview, customers, ledger, statements, cases, aging, imports, people, company_settings)
OUTSIDE = (auth, portal)


def register(app: Flask) -> None:
    """Hangs all blueprints in."""
    for blueprint in STAFF:
        app.register_blueprint(blueprint, url_prefix=COMPANY + (blueprint.url_prefix or ""))
    for blueprint in OUTSIDE:
        app.register_blueprint(blueprint)
    if settings().environment == "development":
        app.register_blueprint(development)
