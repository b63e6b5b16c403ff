"""The debtor's pages at `/p/<token>`: look, download, answer in small POSTed steps. No account, no script needed.

May import web, tenants.access and this slice. Invariants: GET changes nothing; each step re-reads and re-judges all
that was typed; a link that does not open gives one page and 404, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, request, session, url_for

from ar.portal import commands
from ar.portal.inputs import (
    DIFFERS,
    Draft,
    add_ticked,
    change_rows,
    read_draft,
    row_errors,
    signer_errors,
    to_answer,
)
from ar.portal.queries import Link, open_link
from ar.statements.documents import page_texts
from ar.statements.inputs import REASONS
from ar.statements.queries import pdf_of
from kernel import i18n
from kernel.clock import utc_now
from kernel.errors import NotFound, RuleBroken
from kernel.i18n import gettext as _
from kernel.log import logger
from tenants.access import portal
from web.context import db, keep, remote_address
from web.formatters import set_zone
from web.responses import Page, download, render, see_other

bp = Blueprint("portal", __name__, url_prefix="/p/<token>")
log = logger(__name__)

#: In the debtor's cookie: the id of the code that was entered last. It serves under its own link only.
ENTERED = "entered_code"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def by_link(view: Callable[[Link], Page]) -> Callable[..., Response]:
    """Opens the token for the view; whatever does not open gets the neutral page."""

    @portal
    @wraps(view)
    def opened(token: str) -> Response:
        link = open_link(db(), token, utc_now())
        if link is None:
            return _closed()
        asked = i18n.language_of_tag(request.args.get("lang"))
        i18n.set_language(asked or link.statement.language)
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
    """The statement and the first step of the answer; or the answer that is on file."""
    if link.answer:
        return _page("answered", link)
    return _page("statement", link, draft=Draft())


@bp.get("/statement.pdf")
@by_link
def pdf(link: Link) -> Page:
    """The stored PDF, byte for byte."""
    number, content = pdf_of(db(), link.actor.tenant_id, link.statement.id)
    return download(content, "application/pdf", f"{number}.pdf")


@bp.post("/answer")
@by_link
def answer(link: Link) -> Page:
    """First step: agrees or differs, and who says so. `again` only shows it once more."""
    draft = read_draft(request.form, link.ours())
    add_ticked(draft, request.form.getlist("tick"), link.ours())  # "Back" beside the ticks loses none of them
    if link.answer:
        return _back(link)
    if "again" in request.form:
        return _page("statement", link, draft=draft)
    errors = signer_errors(draft)
    if errors:
        return _page("statement", link, draft=draft, errors=errors)
    return _page("differences", link, draft=draft) if draft.outcome == DIFFERS else _after_answer(link, draft)


@bp.post("/differences")
@by_link
def differences(link: Link) -> Page:
    """Second step where books differ: lines are added and taken out by buttons until all are named.

    Whatever button is pressed, what was ticked becomes a line: `continue` stops once more to ask for its amount.
    """
    draft, wanted = read_draft(request.form, link.ours()), request.form.get("do", "")
    change_rows(draft, wanted)
    added = add_ticked(draft, request.form.getlist("tick"), link.ours())
    if link.answer:
        return _back(link)
    if wanted != "continue" or added:
        return _page("differences", link, draft=draft, added=added)
    return _refused(link, draft) or _after_answer(link, draft)


@bp.post("/code")
@by_link
def code(link: Link) -> Page:
    """Sends a code to the registered contact and asks for it."""
    draft = read_draft(request.form, link.ours())
    refused = _refused(link, draft)
    if refused:
        return refused
    try:
        commands.send_code(db(), link.actor, link.token, i18n.current_language())
    except RuleBroken as error:
        return _page("code", link, draft=draft, errors={"code": _code_problem(error)})
    draft.code_id = ""
    return _page("code", link, draft=draft, sent=True)


@bp.post("/check")
@by_link
def check(link: Link) -> Page:
    """Takes the code (every try counts) and shows all answers once more."""
    draft = read_draft(request.form, link.ours())
    refused = _refused(link, draft)
    if refused:
        return refused
    code_id = commands.enter_code(db(), link.actor, link.token, draft.code)
    keep()
    # Loading this page again sends the used code once more: what was entered in this browser still holds.
    code_id = code_id or _entered_here(link)
    if code_id is None:
        message = _("This code is wrong or has lapsed. After five tries or fifteen minutes ask for a new one.")
        return _page("code", link, draft=draft, errors={"code": message}, sent=True)
    draft.code_id = session[ENTERED] = str(code_id)
    return _page("check", link, draft=draft)


@bp.post("/submit")
@by_link
def submit(link: Link) -> Page:
    """Records the answer; sent twice it shows the first one's reference."""
    if link.answer:
        return _back(link)
    draft = read_draft(request.form, link.ours())
    refused = _refused(link, draft)
    if refused:
        return refused
    code_id = _entered(link, draft)
    if code_id is None:
        return _page("code", link, draft=draft, errors={"code": _("Enter a code first.")})
    data = to_answer(
        draft,
        code_id,
        link.statement.currency,
        remote_address=remote_address(),
        user_agent=request.user_agent.string,
        language=i18n.current_language(),
    )
    commands.answer_statement(db(), link.actor, link.token, data)
    return _back(link)


def _refused(link: Link, draft: Draft) -> Page | None:
    """The page of the first step whose fields do not hold, or the answer on file; None when all is well."""
    if link.answer:
        return _back(link)
    errors = signer_errors(draft)
    if errors:
        return _page("statement", link, draft=draft, errors=errors)
    errors = row_errors(draft, link.statement.currency)
    return _page("differences", link, draft=draft, errors=errors) if errors else None


def _after_answer(link: Link, draft: Draft) -> Page:
    """On to the code; straight to the check where one was entered already."""
    return _page("check" if _entered(link, draft) else "code", link, draft=draft)


def _entered(link: Link, draft: Draft) -> UUID | None:
    code_id = draft.code_uuid()
    known = code_id and commands.entered_code(db(), link.actor, link.token, code_id)
    return code_id if known else None


def _entered_here(link: Link) -> UUID | None:
    """The code that this browser entered for this link within the hour."""
    return _entered(link, Draft(code_id=session.get(ENTERED, "")))


def _back(link: Link) -> Page:
    return see_other(_url("portal.show", link))


def _code_problem(error: RuleBroken) -> str:
    from ar.statements.messages import MESSAGES

    return _(MESSAGES[error.code])


def _url(endpoint: str, link: Link) -> str:
    """The address of a step, the chosen language kept in it."""
    return url_for(endpoint, token=link.text, lang=request.args.get("lang") or None)


def _page(name: str, link: Link, *, errors: dict[str, str] | None = None, **values: Any) -> Page:
    other = "en" if i18n.current_language() == "zh_CN" else "zh_CN"
    shown = render(
        f"portal/{name}.html",
        link=link,
        statement=link.statement,
        answer=link.answer,
        errors=errors or {},
        reasons=[(key, _(text)) for key, text in REASONS.items()],
        step=lambda endpoint: _url(f"portal.{endpoint}", link),
        pdf_url=_url("portal.pdf", link),
        preview=False,
        **page_texts(link.statement.closing_minor, link.statement.period_to, link.statement.interest_minor),
        portal={
            "sender": link.sender.name,
            "language": (other, f"?lang={other}") if request.method != "POST" else None,
            "help_text": _("Questions: %(contact)s", contact=link.sender.reach),
        },
        **{"sent": False, "added": 0, **values},
    )
    return (shown, 422) if errors else shown
