"""The Jinja environments of pages and of mails, with one set of rules.

Invariant: a missing value is an error, never a gap in a letter.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flask.templating
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes, pass_eval_context, select_autoescape
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

from kernel import i18n
from kernel.settings import APP_ROOT
from web import form_fields, formatters

TEMPLATES = APP_ROOT / "templates"
_METHODS = frozenset(dir(dict))
RULES: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


def written(value: Any) -> str:
    """Returns a value as a page shows it: markup as it is, anything else escaped.

    As `markupsafe.escape`, which is most of a long page's cost: it looks for `__html__` in every value and wraps every
    answer, and what is put together here needs no wrapping.
    """
    kind = type(value)
    if kind is str:
        plain = not ("<" in value or ">" in value or "&" in value or '"' in value or "'" in value)
        return value if plain else escape(value)
    if kind is int:
        return str(value)
    return value if kind is Markup else escape(value)


class _PageCode(CodeGenerator):
    """Writes what a page shows by `written`."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - as Jinja names it
        """Names `written` in the template's module."""
        self.writeline("from web.templating import written")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
            return
        self.write("written(")
        if finalize.src is not None:
            self.write(finalize.src)


class _Part(Template):
    """A template whose macros are made once.

    Jinja compares the names of all globals at each import, to find new ones: 54 times on a page of the queue. Here
    every template has the environment's globals and no others.
    """

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        return super()._get_default_module()


class _Quick(Environment):
    """Resolves `row.name` in a template as a mapping's entry first.

    Jinja asks for an attribute first and takes the error as the sign to look into the mapping: hundreds of errors on a
    long page. The names of a dict's own methods stay attributes, as in Jinja.
    """

    code_generator_class = _PageCode
    template_class = _Part

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Returns the entry, the attribute, or an undefined value that names what is missing."""
        if type(obj) is dict and attribute not in _METHODS:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        try:
            return getattr(obj, attribute)
        except AttributeError:
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
    env.globals.update(_=_text, gettext=_text, ngettext=_number_text, remembered=remembered)
    formatters.install(env)
    form_fields.install(env)


def remembered(macro: Macro, *values: Any) -> Markup:
    """Returns what a macro makes of these values, kept by the values and the language, on which alone it may depend.

    For the parts of the frame that are the same on page after page. The values are hashable.
    """
    return _remembered(i18n.current_language(), macro, values)


@lru_cache(maxsize=512)
def _remembered(_language: str, macro: Macro, values: tuple[Any, ...]) -> Markup:
    return Markup(macro(*values))  # noqa: S704 - a macro's own answer, escaped there


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
    """Translates for templates in the plural form of `n`; `%(num)s` is `n`, grouped, unless given."""
    text = i18n.catalogue(i18n.current_language()).ngettext(one, many, n)
    params.setdefault("num", formatters.number(n))
    return Markup(text) % params if context.autoescape else text % params  # noqa: S704 - the catalogue is ours


@lru_cache(maxsize=1)
def mail_environment() -> Environment:
    """The environment of mails, outside any request."""
    env = MailEnvironment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"]), **RULES)
    prepare(env)
    return env
