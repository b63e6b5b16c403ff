"""Serves pages for developers: every component, and the caught mail; in development only.

Invariant: registered in development alone (`app.blueprints`); a caught mail's
own HTML is shown in a sandbox of its own origin, so nothing in it can act on the site.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, make_response, url_for

from app import mailcatcher
from app.shell import BarItem, NavHeading, NavItem
from kernel.errors import NotFound
from kernel.settings import settings
from tenants.access import public
from web.responses import Page, download, render

bp = Blueprint("development", __name__)

# A mail is styled inside its own file, which the site's policy forbids; the sandbox takes everything else away.
MAIL_CSP = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'"
_URL = re.compile(r"https?://[^\s<>\"）」]+")


@bp.get("/design")
@public
def design() -> Page:
    """Shows every component in every state; `?lang=en` or `zh_CN`."""
    return render("web/design.html", shell=_sample_shell())


@bp.get("/mail")
@public
def mail() -> Page:
    """Lists the caught mail, newest first."""
    return render("app/development/mail.html", mails=mailcatcher.list_mail(settings().var_dir))


@bp.get("/mail/<name>")
@public
def message(name: str) -> Page:
    """Shows one caught mail: head, text with its links, attachments."""
    caught = mailcatcher.read_mail(settings().var_dir, name)
    return render("app/development/message.html", mail=caught, pieces=text_parts(caught.text, settings().base_url))


@bp.get("/mail/<name>/html")
@public
def message_html(name: str) -> Page:
    """Serves the mail's HTML as its recipient sees it, sandboxed."""
    response = make_response(mailcatcher.read_mail(settings().var_dir, name).html)
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    response.headers["Content-Security-Policy"] = MAIL_CSP
    return response


@bp.get("/mail/<name>/attachments/<int:number>")
@public
def attachment(name: str, number: int) -> Page:
    """Serves one attachment as a file; `number` counts from 1."""
    attachments = mailcatcher.read_mail(settings().var_dir, name).attachments
    if not 1 <= number <= len(attachments):
        raise NotFound("mail_not_found", name=name)
    found = attachments[number - 1]
    return download(found.content, found.content_type, found.filename)


def text_parts(text: str, base_url: str) -> list[tuple[str, str]]:
    """Splits a text into (words, address); addresses of this site become paths, to work on any host."""
    parts: list[tuple[str, str]] = []
    done = 0
    for found in _URL.finditer(text):
        url = found.group().rstrip(".,;:!?。，；：！？)")
        parts += [(text[done : found.start()], ""), (url, _local(url, base_url))]
        done = found.start() + len(url)
    return [(words, url) for words, url in [*parts, (text[done:], "")] if words]


def _local(url: str, base_url: str) -> str:
    there, here = urlsplit(url), urlsplit(base_url)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return url
    return there.path + (f"?{there.query}" if there.query else "")


def _sample_shell() -> dict[str, Any]:
    here = url_for("development.design")
    items = (NavItem("Design", here, True), NavItem("E-mails", url_for("development.mail"), False, 14))
    return {
        "nav": (NavHeading("Design", items),),
        "bar": tuple(BarItem(item.label, "menu", item.url, item.current, item.count) for item in items),
        "company": {"name": "伟业电子有限公司", "url": here, "current": True},
        "companies": [],
        "person": {"name": "林晓", "role": "应收会计"},
        "search_url": here,
        "search_text": "",
        "account_url": here,
        "sign_out_url": here,
        "language_url": here,
        "as_of_text": "",
    }
