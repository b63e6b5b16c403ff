"""Routes of the debtor's pages at `/p/<token>`, without account or script: the statement and its PDF.

Invariants: GET changes nothing; a link that does not open gives one page and 404, whatever the reason. The steps of an
answer are in `answer_routes`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for

from ar.portal.drafts import AnswerDraft
from ar.portal.queries import Link, open_link
from ar.statements.inputs import REASONS
from ar.statements.lookups import page_texts, stored_pdf
from kernel import i18n
from kernel.clock import utc_now
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.log import logger
from tenants.access import portal
from web.context import db, remote_address
from web.formatters import set_zone
from web.responses import Page, download, render

bp = Blueprint("portal", __name__, url_prefix="/p/<token>")
log = logger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def by_link(view: Callable[[Link], Page]) -> Callable[..., Response]:
    """Decorates a view that takes an open link; a link that does not open gets the neutral page."""

    @portal
    @wraps(view)
    def opened(token: str) -> Response:
        link = open_link(db(), token, utc_now())
        if link is None:
            return _closed()
        language = i18n.language_of_tag(request.args.get("lang"))
        i18n.set_language(language or link.statement.language)
        set_zone(link.actor.timezone)
        try:
            answer = make_response(view(link))
        except NotFound:
            return _closed()
        answer.headers.update(HEADERS)
        return answer

    return opened


def _closed() -> Response:
    log.info("portal_link_refused", remote_address=remote_address())
    db().rollback()
    answer = make_response(render("portal/closed.html"), 404)
    answer.headers.update(HEADERS)
    return answer


@bp.get("", strict_slashes=False)
@by_link
def show(link: Link) -> Page:
    """Shows the statement and the first step of the answer, or the recorded answer."""
    if link.answer:
        return portal_page("answered", link)
    return portal_page("statement", link, draft=AnswerDraft())


@bp.get("/statement.pdf")
@by_link
def pdf(link: Link) -> Page:
    """Downloads the stored PDF, byte for byte."""
    number, content = stored_pdf(db(), link.actor.tenant_id, link.statement.id)
    return download(content, "application/pdf", f"{number}.pdf")


def step_url(endpoint: str, link: Link) -> str:
    """Returns the address of a step, with the chosen language."""
    return url_for(endpoint, token=link.text, lang=request.args.get("lang") or None)


def portal_page(name: str, link: Link, *, errors: dict[str, str] | None = None, **values: Any) -> Page:
    """Renders a step of the answer, 422 when there are errors."""
    other = "en" if i18n.current_language() == "zh_CN" else "zh_CN"
    page = render(
        f"portal/{name}.html",
        link=link,
        statement=link.statement,
        answer=link.answer,
        errors=errors or {},
        reasons=[(key, _(text)) for key, text in REASONS.items()],
        step=lambda endpoint: step_url(f"portal.{endpoint}", link),
        pdf_url=step_url("portal.pdf", link),
        preview=False,
        **page_texts(link.statement.closing_minor, link.statement.period_to, link.statement.interest_minor),
        portal={
            "sender": link.sender.name,
            "language": (other, f"?lang={other}") if request.method != "POST" else None,
            "help_text": _("Questions: %(contact)s", contact=link.sender.contact_line),
        },
        **{"sent": False, "sent_before": False, "added": 0, **values},
    )
    return (page, 422) if errors else page
