"""The steps of a debtor's answer: agrees or differs, the differences, the code, the check, and recording it.

Invariant: each step re-reads and re-judges all that was typed. The views hang on the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request, session

from ar.portal import commands
from ar.portal.inputs import DIFFERS, Draft, add_ticked, change_rows, read_draft, row_errors, signer_errors, to_answer
from ar.portal.queries import Link
from ar.portal.routes import bp, by_link, portal_page, step_url
from kernel import i18n
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from web.context import db, keep, remote_address
from web.refusals import explain
from web.responses import Page, see_other

#: In the debtor's cookie: the id of the code that was entered last. It serves under its own link only.
ENTERED = "entered_code"


@bp.post("/answer")
@by_link
def answer(link: Link) -> Page:
    """First step: agrees or differs, and who says so. `again` only shows it once more."""
    draft = read_draft(request.form, link.ours())
    add_ticked(draft, request.form.getlist("tick"), link.ours())  # "Back" beside the ticks loses none of them
    if link.answer:
        return _back(link)
    if "again" in request.form:
        return portal_page("statement", link, draft=draft)
    errors = signer_errors(draft)
    if errors:
        return portal_page("statement", link, draft=draft, errors=errors)
    return portal_page("differences", link, draft=draft) if draft.outcome == DIFFERS else _after_answer(link, draft)


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
        return portal_page("differences", link, draft=draft, added=added)
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
        return portal_page("code", link, draft=draft, errors={"code": explain(error)})
    draft.code_id = ""
    return portal_page("code", link, draft=draft, sent=True)


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
        message = _("This code is wrong or has expired. After five attempts or fifteen minutes, request a new one.")
        return portal_page("code", link, draft=draft, errors={"code": message}, sent=True)
    draft.code_id = session[ENTERED] = str(code_id)
    return portal_page("check", link, draft=draft)


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
        return portal_page("code", link, draft=draft, errors={"code": _("Enter a code first.")})
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
        return portal_page("statement", link, draft=draft, errors=errors)
    errors = row_errors(draft, link.statement.currency)
    return portal_page("differences", link, draft=draft, errors=errors) if errors else None


def _after_answer(link: Link, draft: Draft) -> Page:
    """On to the code; straight to the check where one was entered already."""
    return portal_page("check" if _entered(link, draft) else "code", link, draft=draft)


def _entered(link: Link, draft: Draft) -> UUID | None:
    code_id = draft.code_uuid()
    known = code_id and commands.entered_code(db(), link.actor, link.token, code_id)
    return code_id if known else None


def _entered_here(link: Link) -> UUID | None:
    """The code that this browser entered for this link within the hour."""
    return _entered(link, Draft(code_id=session.get(ENTERED, "")))


def _back(link: Link) -> Page:
    return see_other(step_url("portal.show", link))
