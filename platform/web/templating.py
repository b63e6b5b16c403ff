"""The Jinja environments: one set of rules for pages and for mails. May import Jinja and kernel, no domain.

Invariant: a missing value is an error, never an empty place in a letter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kernel import i18n
from kernel.settings import APP_ROOT
from web import formatters

TEMPLATES = APP_ROOT / "templates"
RULES: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


def prepare(env: Environment) -> None:
    """Texts and formatters for an environment (the app's own or the mails')."""
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: i18n.gettext(text),
        # Jinja fills in the parameters itself, so what it is given must still have its places.
        lambda one, many, n: i18n.catalogue(i18n.current_language()).ngettext(one, many, n),
        newstyle=True,
    )
    formatters.install(env)


@lru_cache(maxsize=1)
def mail_environment() -> Environment:
    """The environment of mails, outside any request."""
    env = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]), **RULES)
    prepare(env)
    return env
