"""Prints a credit assessment as Annex 1: header, scores, half year, four sign-offs; amounts in ten thousands (R300).

Invariants: equal facts give equal bytes; one in force is printed once, in the company's language, and kept by its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.assessments.drafting import NO_SCORE, set_state
from ar.credit.assessments.messages import HEADER_LABELS, unit_text
from ar.credit.assessments.queries import Opinion, assessment_facts, opinions_of
from ar.credit.rules.scoring import ITEMS, POINTS_MAX
from ar.credit.rules.ten_thousands import ten_thousands, ten_thousands_rounded
from ar.ledger.lookups import Issuer, load_issuer
from kernel import pdf, storage
from kernel.actor import Actor
from kernel.clock import local_date
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from kernel.views import DbRow
from tenants.permissions import ROLE_NAMES, Role
from tenants.queries import tenant
from tenants.slice import Job

PRINT: Final = "assessments.print"
#: Who signs after the author, in their order.
SIGNERS: Final = (Role.SALES_MANAGER, Role.FINANCE, Role.GENERAL_MANAGER)


def print_assessment(db: Session, tenant_id: UUID, assessment_id: UUID, language: str, timezone: str) -> pdf.Rendered:
    """Renders Annex 1 of an assessment in a language. Raises NotFound(`assessment_not_found`)."""
    row, customer_name = assessment_facts(db, tenant_id, assessment_id)
    issuer, opinions = load_issuer(db, tenant_id), opinions_of(db, tenant_id, assessment_id)
    signs = [each for each in opinions if each.round == row.round]
    with use_language(language):
        return pdf.render("assessment", _pdf_values(row, customer_name, issuer, signs, language, timezone))


def keep_print(db: Session, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Prints an assessment that came into force and keeps the paper by its hash, once."""
    assessment_id = UUID(payload["assessment_id"])
    row, _customer_name = assessment_facts(db, actor.tenant_id, assessment_id)
    if row.print_sha256 is not None:
        return
    company = tenant(db, actor.tenant_id)
    rendered = print_assessment(db, actor.tenant_id, assessment_id, company.language, company.timezone)
    sha256 = storage.store(db, actor, rendered.pdf, "application/pdf")
    set_state(db, actor, assessment_id, print_sha256=sha256)


JOBS: Final = (Job(PRINT, keep_print),)


def _pdf_values(
    row: DbRow, customer_name: str, issuer: Issuer, signs: list[Opinion], language: str, timezone: str
) -> dict[str, Any]:
    currency = row.currency

    def money(minor: int | None) -> str:
        return "—" if minor is None else ten_thousands(minor, currency)

    def sales(minor: int | None) -> str:
        return "—" if minor is None else ten_thousands_rounded(minor, currency)

    months = row.trading["months"]
    total, count = sum(each["sales_minor"] for each in months), len(months)
    average = None if not count else (2 * total + count) // (2 * count)
    suggested = row.suggestion["suggested_minor"] if row.suggestion else None
    unit = unit_text(currency)
    return {
        "language": language,
        "number": row.number,
        "date": row.assessed_on.isoformat(),
        "footer": _("Amounts in %(unit)s", unit=unit),
        "issuer": {"name": issuer.name},
        "facts": [[_("Number"), row.number], [_("Assessed on"), row.assessed_on.isoformat()]],
        "header": [[_("Customer"), f"{customer_name} {row.header['number']}"], *_header(row)],
        "scores": [_score_line(row, place) for place in range(len(ITEMS))],
        "raw": f"{row.raw} / {POINTS_MAX * len(ITEMS)}",
        "score": str(row.score),
        "grade": row.grade,
        "months": [[each["month"], str(each["documents"]), sales(each["sales_minor"])] for each in months],
        "average": sales(average),
        "paid": _paid_text(row),
        "more": [
            [_("Expected sales a month"), f"{money(row.forecast['monthly_minor'])} {row.forecast['note']}".strip()],
            [_("Deposit, guarantee or mortgage"), row.guarantees or "—"],
            [_("Suggested limit"), money(suggested)],
        ],
        "signs": [*(_sign_line(each, currency, timezone) for each in signs), *_to_be_signed(signs)],
        "labels": {
            "title": _("Credit assessment (Annex 1)"),
            # Typst fills the braces itself.
            "page": _("Page {page} of {pages}"),
            "customer": _("The customer"),
            "scores": _("Scores"),
            "item": _("Item"),
            "band": _("Band"),
            "weight": _("Weight"),
            "points": _("Score"),
            "total": _("Total"),
            "score": _("Score out of 100"),
            "grade": _("Grade"),
            "half_year": _("Last half year"),
            "month": _("Month"),
            "invoices": _("Invoices"),
            "sales": _("Net sales with tax"),
            "average": _("Average"),
            "signs": _("Sign-offs"),
            "as": _("As"),
            "limit": _("Limit in %(unit)s", unit=unit),
            "term": _("Term in days"),
            "note": _("Opinion"),
            "signed": _("Signed by"),
        },
    }


def _header(row: DbRow) -> list[list[str]]:
    return [[_(label), str(row.header.get(name) or "—")] for name, label in HEADER_LABELS.items()]


def _score_line(row: DbRow, place: int) -> list[str]:
    item, score = ITEMS[place], row.scores[place]
    band = next((each for each in item.bands if each.low <= score <= each.high), None)
    shown = "—" if score == NO_SCORE else str(score)
    return [
        _(item.group),
        f"{place + 1}. {_(item.name)}",
        _(band.text) if band else "—",
        str(row.weights[place]),
        shown,
    ]


def _paid_text(row: DbRow) -> str:
    trading = row.trading
    if not trading.get("days_to_pay"):
        return ""
    share = trading["on_time_bps"] // 100
    return _(
        "Paid after %(days)s days on average; %(share)s of the money by the due date.",
        days=trading["days_to_pay"],
        share=f"{share} %",
    )


def _to_be_signed(signs: list[Opinion]) -> list[list[str]]:
    """Returns an empty line for each of the four who has not signed: on paper they may write there."""
    return [[_(ROLE_NAMES[role]), "", "", "", ""] for role in SIGNERS[max(0, len(signs) - 1) :]] if signs else []


def _sign_line(each: Opinion, currency: str, timezone: str) -> list[str]:
    role = _("Author") if each.position == 0 else _(ROLE_NAMES[Role(each.role)])
    day = local_date(each.given_at, timezone).isoformat()
    limit = ten_thousands(each.limit_minor, currency)
    return [role, limit, str(each.term_days), each.note or "—", f"{each.given_by} {day}"]
