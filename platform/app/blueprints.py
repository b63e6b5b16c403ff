"""Every blueprint of the product, once, with where it hangs. Staff pages hang under `/c/<company>`."""

from __future__ import annotations

from flask import Flask

from app.development import bp as development
from ar.bills import receiving_routes
from ar.bills.routes import bp as bills
from ar.cases import decision_routes
from ar.cases.routes import bp as cases
from ar.customers import contact_routes
from ar.customers.routes import bp as customers
from ar.imports.routes import bp as imports
from ar.interest import charge_routes
from ar.interest.routes import bp as interest
from ar.interest.terms_routes import bp as interest_terms
from ar.ledger import allocation_routes, draft_routes, exchange_routes
from ar.ledger.account_routes import bp as accounts
from ar.ledger.card_routes import bp as card
from ar.ledger.closing_routes import bp as closing
from ar.ledger.document_routes import bp as documents
from ar.ledger.rates_routes import bp as rates
from ar.ledger.routes import bp as ledger
from ar.ledger.settling_routes import bp as settling
from ar.losses import case_routes, policy_routes
from ar.losses.bad_debt_routes import bp as bad_debts
from ar.losses.provision_routes import bp as provisions
from ar.losses.tracking_routes import bp as recoveries
from ar.portal import answer_routes
from ar.portal.routes import bp as portal
from ar.receipts import bank_line_routes, credit_routes, match_routes
from ar.receipts.bank_account_routes import bp as bank_accounts
from ar.receipts.bank_routes import bp as bank
from ar.receipts.matching_routes import bp as matching
from ar.receipts.receipt_routes import bp as receipts
from ar.receipts.refund_routes import bp as refunds
from ar.reports import customer_routes, journal_routes
from ar.reports.aging_routes import bp as aging
from ar.reports.figures_routes import bp as figures
from ar.reports.routes import bp as overview
from ar.statements import statement_routes
from ar.statements.routes import bp as statements
from kernel.settings import settings
from tenants import welcome_routes
from tenants.approvals import approval_routes
from tenants.approvals.chain_routes import bp as approval_chains
from tenants.approvals.routes import bp as approvals
from tenants.approvals.substitute_routes import bp as approval_substitutes
from tenants.auth_routes import bp as auth
from tenants.people_routes import bp as people
from tenants.settings_routes import bp as company_settings

COMPANY = "/c/<company>"
STAFF = (
    overview,
    customers,
    ledger,
    documents,
    settling,
    card,
    accounts,
    closing,
    rates,
    bills,
    interest,
    interest_terms,
    provisions,
    bad_debts,
    recoveries,
    statements,
    cases,
    aging,
    figures,
    bank,
    bank_accounts,
    receipts,
    matching,
    refunds,
    imports,
    people,
    company_settings,
)
APPROVALS = (approvals, approval_substitutes, approval_chains)
OUTSIDE = (auth, portal)
# Modules whose views hang on a blueprint above that another module makes: named here, they are loaded.
MORE_VIEWS = (
    contact_routes,
    approval_routes,
    welcome_routes,
    receiving_routes,
    answer_routes,
    customer_routes,
    journal_routes,
    statement_routes,
    decision_routes,
    charge_routes,
    allocation_routes,
    draft_routes,
    exchange_routes,
    case_routes,
    policy_routes,
    bank_line_routes,
    credit_routes,
    match_routes,
)


def register(app: Flask) -> None:
    """Hangs all blueprints in."""
    for blueprint in (*STAFF, *APPROVALS):
        app.register_blueprint(blueprint, url_prefix=COMPANY + (blueprint.url_prefix or ""))
    for blueprint in OUTSIDE:
        app.register_blueprint(blueprint)
    if settings().environment == "development":
        app.register_blueprint(development)
