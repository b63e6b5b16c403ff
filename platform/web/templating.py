"""The Jinja environments of pages and of mails, with one set of rules.

Invariant: a missing value is an error, never a gap in a letter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flask.templating
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup

from kernel import i18n
from kernel.settings import APP_ROOT
from web import form_fields, formatters

TEMPLATES = APP_ROOT / "templates"
_METHODS = frozenset(dir(dict))
RULES: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


class _Quick(Environment):
    """Resolves `row.name` in a template as a mapping's entry first.

    Jinja asks for an attribute first and takes the error as the sign to look into the mapping: hundreds of errors on a
    long page. The names of a dict's own methods stay attributes, as in Jinja.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Returns the entry, the attribute, or an undefined value that names what is missing."""
        if type(obj) is dict and attribute not in _METHODS:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


class PageEnvironment(_Quick, flask.templating.Environment):
    """The environment of pages."""


class MailEnvironment(_Quick):
    """The environment of mails, outside any request."""


def prepare(env: Environment) -> None:
    """Gives an environment (of pages or of mails) its texts and formatters."""
    env.undefined = StrictUndefined
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.newstyle_gettext = True  # type: ignore[attr-defined]  # {% trans %} calls with its parameters
    # Jinja's own wrappers look the text up twice and copy the context for each call in a loop: a third of a long page.
    env.globals.update(_=_text, gettext=_text, ngettext=_number_text)
    formatters.install(env)
    form_fields.install(env)


@lru_cache(maxsize=8192)
def _places(language: str, message: str) -> Markup:
    """Returns the translation of a message, its `%(name)s` not yet filled."""
    return Markup(i18n.catalogue(language).gettext(message))  # noqa: S704 - the catalogue is ours


@lru_cache(maxsize=8192)
def _whole(language: str, message: str) -> Markup:
    """Returns the translation of a message without `%(name)s`. Raises KeyError when it has one."""
    return _places(language, message) % {}


@pass_eval_context
def _text(context: EvalContext, message: str, /, **params: Any) -> str:
    """Translates for templates: `%(name)s` filled from `params`, which are escaped where the page escapes."""
    language = i18n.current_language()
    if not context.autoescape:
        return str(_places(language, message)) % params
    return _places(language, message) % params if params else _whole(language, message)


@pass_eval_context
def _number_text(context: EvalContext, one: str, many: str, n: int, /, **params: Any) -> str:
    """Translates for templates in the plural form of `n`; `%(num)s` is `n` unless given."""
    text = i18n.catalogue(i18n.current_language()).ngettext(one, many, n)
    params.setdefault("num", n)
    return Markup(text) % params if context.autoescape else text % params  # noqa: S704 - the catalogue is ours


@lru_cache(maxsize=1)
def mail_environment() -> Environment:
    """The environment of mails, outside any request."""
    env = MailEnvironment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]), **RULES)
    prepare(env)
    return env
