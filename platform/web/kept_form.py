"""Keeps what was typed into a form whose sender turned out to be signed out, until they have signed in again.

The form travels through the sign-in page as one signed text and is then sent to its own address once more, marked as
returned: it has no effect, but is shown again with all that was typed (`web.sent_once`). Nothing is stored.

Invariants: only a form of one of our own pages is kept; neither passwords, files, tokens nor keys are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from kernel.i18n import gettext as _
from web.forms import CSRF, KEY
from web.responses import safe_next

#: Hidden fields: the kept form on the sign-in page; in the returned form, the page it was on, and its files' names.
KEPT, RETURNED, RETURNED_FILES = "kept", "_returned", "_returned_files"
#: Fields that are never written into a page.
SECRETS: Final = frozenset({"password", "again", "current"})
KEPT_MAX_CHARS: Final = 1_000_000
KEPT_MAX_S: Final = 86_400
_OURS: Final = frozenset({CSRF, KEY, RETURNED, RETURNED_FILES})


@dataclass(frozen=True)
class KeptForm:
    """A form as it was sent to `path` from the page `back`, by the person whose session was over (empty: unknown)."""

    path: str
    back: str
    typed_by: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


def typed() -> tuple[tuple[str, str], ...]:
    """Returns the fields of the request's form that may be shown again."""
    mine = _OURS | SECRETS
    return tuple((name, text) for name, text in request.form.items(multi=True) if name not in mine)


def chosen_files() -> tuple[str, ...]:
    """Returns the names of the files that the request brings, or brought before it was returned."""
    sent = tuple(file.filename for _name, file in request.files.items(multi=True) if file.filename)
    return sent or tuple(filter(None, request.form.getlist(RETURNED_FILES)))


def is_from_elsewhere() -> bool:
    """Returns whether a page that is not ours sent the request, as far as the browser says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def page_before(fallback: str = "/") -> str:
    """Returns the address on this site of the page that the request came from."""
    named = request.form.get(RETURNED) or ""
    if not named:
        came_from = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
        if came_from.netloc == request.host:
            named = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return safe_next(named, fallback)


def keep_form(typed_by: str) -> str:
    """Returns the request's form as one signed text; empty when it holds nothing, is not ours or is too long."""
    fields, files = typed(), chosen_files()
    if not (fields or files) or is_from_elsewhere():
        return ""
    path = request.full_path.rstrip("?")
    content = [path, page_before(), typed_by, fields, files]
    if len(json.dumps(content)) > KEPT_MAX_CHARS:
        return ""
    written = _signer().dumps(content)
    return written if isinstance(written, str) else written.decode()


def read_kept(text: str) -> KeptForm | None:
    """Returns the form of a signed text; None when it is not ours or a day old."""
    if not text:
        return None
    try:
        path, back, typed_by, fields, files = _signer().loads(text, max_age=KEPT_MAX_S)
    except (BadData, ValueError):
        return None
    pairs = tuple((str(name), str(value)) for name, value in fields)
    return KeptForm(str(path), str(back), str(typed_by), pairs, tuple(map(str, files)))


def is_returned() -> bool:
    """Returns whether the request's form is to be shown again instead of having its effect."""
    return bool(g.get("forged")) or RETURNED in request.form


def returned_sentence() -> str:
    """Returns what is said on top of a form that is shown again."""
    said = _("You were signed out meanwhile, so nothing has been done yet. Check what you typed and send it again.")
    files = chosen_files()
    if not files:
        return said
    return said + " " + _("Choose these files again: %(names)s", names=", ".join(files))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept form")
