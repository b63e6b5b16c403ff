"""Routes of a debtor's answer, step by step: agrees or differs, differences, code, check, submit.

Invariant: each step parses and checks the whole draft again. The views are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from uuid import UUID

from flask import request, session

from ar.portal import commands, drafts
from ar.portal.drafts import DIFFERS, AnswerDraft
from ar.portal.queries import Link
from ar.portal.routes import bp, by_link, portal_page, step_url
from kernel import i18n
from kernel.errors import RuleBroken
from kernel.i18n import gettext as _
from web.context import db, keep, remote_address
from web.refusals import explain
from web.responses import Page, see_other

#: Session key of the id of the code entered last; it is valid under its own link only.
ENTERED = "entered_code"


@bp.post("/answer")
@by_link
def answer(link: Link) -> Page:
    """Takes the first step: agrees or differs, and the signer. `again` only shows it again."""
    draft = drafts.parse_draft(request.form, link.our_lines())
    drafts.add_ticked(draft, request.form.getlist("tick"), link.our_lines())  # "Back" keeps what was ticked
    if link.answer:
        return _to_start(link)
    if "again" in request.form:
        return portal_page("statement", link, draft=draft)
    errors = drafts.signer_errors(draft)
    if errors:
        return portal_page("statement", link, draft=draft, errors=errors)
    if draft.outcome == DIFFERS:
        return portal_page("differences", link, draft=draft)
    return _page_after_answer(link, draft)


@bp.post("/differences")
@by_link
def differences(link: Link) -> Page:
    """Takes the second step where books differ: buttons add and remove rows.

    Ticked documents become rows under every button; `continue` with new rows stays, to ask for their amounts.
    """
    draft, button = drafts.parse_draft(request.form, link.our_lines()), request.form.get("do", "")
    drafts.change_rows(draft, button)
    added = drafts.add_ticked(draft, request.form.getlist("tick"), link.our_lines())
    if link.answer:
        return _to_start(link)
    if button != "continue" or added:
        return portal_page("differences", link, draft=draft, added=added)
    return _page_with_errors(link, draft) or _page_after_answer(link, draft)


@bp.post("/code")
@by_link
def code(link: Link) -> Page:
    """Sends a code to the registered contact and shows the form that takes it."""
    draft = drafts.parse_draft(request.form, link.our_lines())
    error_page = _page_with_errors(link, draft)
    if error_page:
        return error_page
    try:
        is_new = commands.send_code(db(), link.actor, link.token, i18n.current_language())
    except RuleBroken as error:
        return portal_page("code", link, draft=draft, errors={"code": explain(error)})
    draft.code_id = ""
    return portal_page("code", link, draft=draft, sent=True, sent_before=not is_new)


@bp.post("/check")
@by_link
def check(link: Link) -> Page:
    """Verifies the code (every try counts) and shows the whole answer for a last check."""
    draft = drafts.parse_draft(request.form, link.our_lines())
    error_page = _page_with_errors(link, draft)
    if error_page:
        return error_page
    code_id = commands.verify_code(db(), link.actor, link.token, draft.code)
    keep()
    # A reload submits the used code again: the code entered in this browser is still valid.
    code_id = code_id or _code_of_session(link)
    if code_id is None:
        message = _("This code is wrong or has expired. After five attempts or fifteen minutes, request a new one.")
        return portal_page("code", link, draft=draft, errors={"code": message}, sent=True)
    draft.code_id = session[ENTERED] = str(code_id)
    return portal_page("check", link, draft=draft)


@bp.post("/submit")
@by_link
def submit(link: Link) -> Page:
    """Records the answer; submitted twice, shows the reference of the first."""
    if link.answer:
        return _to_start(link)
    draft = drafts.parse_draft(request.form, link.our_lines())
    error_page = _page_with_errors(link, draft)
    if error_page:
        return error_page
    code_id = _verified_code(link, draft)
    if code_id is None:
        return portal_page("code", link, draft=draft, errors={"code": _("Enter a code first.")})
    data = drafts.answer_input(
        draft,
        code_id,
        link.statement.currency,
        remote_address=remote_address(),
        user_agent=request.user_agent.string,
        language=i18n.current_language(),
    )
    commands.answer_statement(db(), link.actor, link.token, data)
    return _to_start(link)


def _page_with_errors(link: Link, draft: AnswerDraft) -> Page | None:
    """Returns the page of the first step with errors, or of the recorded answer; None without errors."""
    if link.answer:
        return _to_start(link)
    errors = drafts.signer_errors(draft)
    if errors:
        return portal_page("statement", link, draft=draft, errors=errors)
    errors = drafts.row_errors(draft, link.statement.currency)
    return portal_page("differences", link, draft=draft, errors=errors) if errors else None


def _page_after_answer(link: Link, draft: AnswerDraft) -> Page:
    """Returns the page of the code, or of the check where a code was entered before."""
    return portal_page("check" if _verified_code(link, draft) else "code", link, draft=draft)


def _verified_code(link: Link, draft: AnswerDraft) -> UUID | None:
    code_id = draft.code_uuid()
    verified = code_id and commands.verified_code_address(db(), link.actor, link.token, code_id)
    return code_id if verified else None


def _code_of_session(link: Link) -> UUID | None:
    """Returns the id of the code that this browser entered under this link, while valid."""
    return _verified_code(link, AnswerDraft(code_id=session.get(ENTERED, "")))


def _to_start(link: Link) -> Page:
    return see_other(step_url("portal.show", link))
