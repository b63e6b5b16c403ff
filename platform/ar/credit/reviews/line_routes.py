"""Pages of one customer in a review, and the review as a sheet of paper and as a file (R310).

Invariant: parse, authorise, one command or one query, render. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from ar.credit.reviews import deciding, queries, texts
from ar.credit.reviews.inputs import DecideLine, ExplainLine
from ar.credit.reviews.queries import ReviewLineView
from ar.credit.reviews.routes import bp
from kernel.i18n import gettext as _
from kernel.money import Money, format_minor
from kernel.sheets import Cell, Column, write_csv
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, stored
from web.responses import Page, download, render

CSV_TYPE = "text/csv; charset=utf-8"

FIELDS = {
    "review_limit_needed": "limit",
    "amount_unreadable": "limit",
    "review_not_lower": "limit",
    "review_not_higher": "limit",
    "review_unlimited": "decision",
}


def _line_page(form: Form[Any], campaign_id: UUID, customer_id: UUID) -> str:
    review = queries.review(db(), actor().tenant_id, campaign_id)
    line = queries.review_line(db(), actor().tenant_id, campaign_id, customer_id)
    limit = "" if line.limit_minor is None else format_minor(line.limit_minor, line.currency)
    decision = stored(deciding.decision_of(line)) | {"limit": limit}
    return render(
        "ar/credit/reviews/line.html",
        review=review,
        line=line,
        explanation=form.at("explanation", **stored(deciding.explanation_of(line.explanation))),
        decision=form.at("decision", **decision),
        form=form,
        states=texts.STATE_NAMES,
        decisions=texts.DECISION_NAMES,
        outcomes=texts.OUTCOME_NAMES,
        choices=[(code, name, _(texts.DECISION_HINTS[code])) for code, name in texts.decision_choices()],
        may_explain=may(Permission.ASSESS) and review.state == "open",
        may_decide=may(Permission.MANAGE_CREDIT) and review.state == "open",
    )


@bp.get("/<uuid:campaign_id>/of/<uuid:customer_id>")
@staff(Permission.READ)
def line(campaign_id: UUID, customer_id: UUID) -> Page:
    """Shows one customer in a review."""
    return _line_page(blank(), campaign_id, customer_id)


@bp.post("/<uuid:campaign_id>/of/<uuid:customer_id>/explanation")
@staff(Permission.ASSESS)
@command_form(ExplainLine, page=_line_page, slot="explanation")
def explain(data: ExplainLine, campaign_id: UUID, customer_id: UUID) -> Page:
    """Explains what was flagged."""
    deciding.explain_line(db(), actor(), campaign_id, customer_id, data)
    return done(_("The explanation is kept."), "reviews.line", campaign_id=campaign_id, customer_id=customer_id)


@bp.post("/<uuid:campaign_id>/of/<uuid:customer_id>/decision")
@staff(Permission.MANAGE_CREDIT)
@command_form(DecideLine, page=_line_page, slot="decision", fields=FIELDS)
def decide(data: DecideLine, campaign_id: UUID, customer_id: UUID) -> Page:
    """Decides on the limit of one customer."""
    deciding.decide_line(db(), actor(), campaign_id, customer_id, data)
    return done(_("The decision is kept."), "reviews.show", campaign_id=campaign_id)


@bp.get("/<uuid:campaign_id>/paper")
@staff(Permission.READ)
def paper(campaign_id: UUID) -> Page:
    """Shows the review as a sheet to be printed (R310)."""
    return render(
        "ar/credit/reviews/paper.html",
        review=queries.review(db(), actor().tenant_id, campaign_id),
        lines=queries.review_lines(db(), actor().tenant_id, campaign_id),
        states=texts.STATE_NAMES,
        decisions=texts.DECISION_NAMES,
    )


@bp.get("/<uuid:campaign_id>.csv")
@staff(Permission.EXPORT)
def export(campaign_id: UUID) -> Page:
    """Downloads the lines of a review."""
    review = queries.review(db(), actor().tenant_id, campaign_id)
    lines = queries.review_lines(db(), actor().tenant_id, campaign_id)
    return download(write_csv(_rows(lines), _columns()), CSV_TYPE, f"{review.number}.csv")


def _columns() -> list[Column]:
    names = (_("Customer number"), _("Customer"), _("Owner"), _("Currency"))
    amounts = (_("Limit"), _("Exposure"), _("Average monthly sales"), _("Overdue"))
    rest = (_("Credit term in days"), _("Grade"), _("Days of high use"), _("Days to pay"), _("Flags"))
    decided = (_("Explanation"), _("Decision"), _("New limit"), _("Term then"), _("Note"))
    return [
        *(Column(name) for name in names),
        *(Column(name, "amount") for name in amounts),
        *(Column(name) for name in rest),
        *(Column(name, "amount") if at == 2 else Column(name) for at, name in enumerate(decided)),
    ]


def _rows(lines: list[ReviewLineView]) -> Iterator[list[Cell]]:
    for each in lines:
        pack = each.pack

        def money(minor: int | None, currency: str = each.currency) -> Money | None:
            return None if minor is None else Money(minor, currency)

        amounts = (pack["limit_minor"], pack["exposure_minor"], pack["average_minor"], pack["overdue_minor"])
        yield [
            *(each.customer_no, each.customer_name, each.owner_name, each.currency),
            *map(money, amounts),
            *(pack["term_days"], pack["grade"], pack["used_days"], pack["days_to_pay"], "; ".join(each.flag_names)),
            each.explanation,
            _(texts.DECISION_NAMES[each.decision][0]) if each.decision else None,
            money(each.limit_minor) if each.decision else None,
            each.term_days if each.decision else None,
            each.note,
        ]
