"""Mails from templates: `email/<message>/{subject.txt,body.txt,body.html}` in the reader's language.

Invariant: the language is the reader's for this one mail only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kernel.i18n import use_language
from web.templating import TEMPLATES, mail_environment


@dataclass(frozen=True)
class MailTexts:
    """One mail's three texts."""

    subject: str
    text: str
    html: str | None


def render_mail(message: str, language: str, **values: Any) -> MailTexts:
    """Renders a message folder. The subject is one line whatever a name contains."""
    env, folder = mail_environment(), f"email/{message}"
    with use_language(language):
        subject = " ".join(env.get_template(f"{folder}/subject.txt").render(values).split())
        text = env.get_template(f"{folder}/body.txt").render(values).strip() + "\n"
        html = None
        if (TEMPLATES / folder / "body.html").exists():
            html = env.get_template(f"{folder}/body.html").render(values)
    return MailTexts(subject, text, html)
