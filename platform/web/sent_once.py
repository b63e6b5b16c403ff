"""Answers a form that is sent twice as it was answered the first time.

Every form carries a key that was made when it was shown (`ui.csrf()`). The key is taken in the transaction of the
effect, so that it is there exactly when the effect is, and the redirect that answered the form is kept with it.

Invariants: the same key with the same inputs has one effect and leads to the same place, two requests at once
included; with other inputs it is refused and what was typed stays; a form without a key has no effect, nor has one
that was returned because its sender was signed out (`web.kept_form`): it is shown again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from flask import Flask, flash, g, make_response, request, session
from werkzeug.wrappers import Response

from kernel import idempotency
from kernel.errors import Conflict, HuikuanError, RuleBroken
from kernel.ids import new_id
from web.context import actor, db
from web.forms import CSRF, KEY, take_fault
from web.kept_form import is_returned, page_before, returned_sentence
from web.refusals import explain
from web.responses import Page, flash_error, see_other

F = TypeVar("F", bound=Callable[..., Any])
Fields = list[tuple[str, str]]

KEY_LENGTHS: Final = range(16, 65)
_FLASHES: Final = "_flashes"
UNPROCESSABLE: Final = 422


def install(app: Flask) -> None:
    """Gives pages the keys of their forms."""
    app.jinja_env.globals["new_key"] = lambda: str(new_id())


def repeatable(why: str) -> Callable[[F], F]:
    """Marks a POST view that may run as often as it is sent, and says why; nearer to the view than its audience."""

    def mark(view: F) -> F:
        view.repeatable = why  # type: ignore[attr-defined]
        return view

    return mark


def is_repeatable(view: Callable[..., Any]) -> bool:
    """Returns True for a view that needs no key."""
    return bool(getattr(view, "repeatable", ""))


def answer_once(view: Callable[..., Page], *args: Any, **values: Any) -> Page:
    """Answers a request by `view`, or, when it is a form that was sent before, as it was answered then.

    A fault of the key is said on the form by `read_form`; for a view that reads none, raises RuleBroken
    (`form_key_missing`) or Conflict (`idempotency_key_reused`).
    """
    if request.method != "POST":
        return view(*args, **values)
    if is_repeatable(view):
        return view(*args, **values)
    if is_returned():
        return _show_again(view, *args, **values)
    key = f"form:{request.endpoint}:{_posted_key()}"
    try:
        if not _posted_key():
            raise RuleBroken("form_key_missing")
        earlier = idempotency.take(db(), actor(), key, _inputs(values))
    except (RuleBroken, Conflict) as fault:
        return _answer_with_fault(fault, view, *args, **values)
    if earlier is not None:
        _say_again(earlier["said"])
        return see_other(earlier["location"])
    said_before = len(session.get(_FLASHES, ()))
    page = view(*args, **values)
    location = _location(page)
    if location:
        said = [list(each) for each in session.get(_FLASHES, ())[said_before:]]
        idempotency.set_answer(db(), actor(), key, {"location": location, "said": said})
    return page


def _say_again(said: Sequence[Sequence[str]]) -> None:
    """Says what the first answer said, unless it still waits to be read: a double click reads it once."""
    waiting = [tuple(each) for each in session.get(_FLASHES, ())]
    for category, text in said:
        if (category, text) not in waiting:
            flash(text, category)


def _answer_with_fault(fault: HuikuanError, view: Callable[..., Page], *args: Any, **values: Any) -> Page:
    """Answers by the view's own form, which has the fault as its error; raises the fault when the view reads none."""
    g.form_fault = explain(fault)
    page = view(*args, **values)
    unread = take_fault()
    if unread or make_response(page).status_code < 400:
        db().rollback()
        raise fault
    return page


def _show_again(view: Callable[..., Page], *args: Any, **values: Any) -> Page:
    """Answers by the view's own form with what was typed; of a button that reads none, by the page that it was on."""
    g.form_fault, said_before = returned_sentence(), list(session.get(_FLASHES, ()))
    try:
        page = view(*args, **values)
    except (RuleBroken, Conflict):
        page = ""
    shown = not take_fault() and make_response(page).status_code >= UNPROCESSABLE
    db().rollback()
    session[_FLASHES] = said_before  # what the view said of an effect that is undone
    if shown:
        return page
    flash_error(returned_sentence())
    return see_other(page_before())


def _posted_key() -> str:
    key = request.form.get(KEY, "")
    return key if len(key) in KEY_LENGTHS and key.isascii() and key.isprintable() else ""


def _inputs(address: Mapping[str, Any]) -> dict[str, Any]:
    """Returns all that the effect depends on: who, where, every field, and the hash of every file."""
    fields = [(name, text) for name, text in request.form.items(multi=True) if name not in (CSRF, KEY)]
    return {
        "user": actor().user_id,
        "address": {name: str(value) for name, value in address.items()},
        "query": request.query_string.decode("latin-1"),
        "fields": fields,
        "files": [(name, file.filename, _hash(file.stream)) for name, file in request.files.items(multi=True)],
    }


def _hash(stream: Any) -> str:
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return digest


def _location(page: Page) -> str:
    """Returns where an answer leads, by redirect or by htmx; empty for a page."""
    if not isinstance(page, Response):
        return ""
    return page.headers.get("HX-Redirect") or (page.location or "" if page.status_code == 303 else "")
