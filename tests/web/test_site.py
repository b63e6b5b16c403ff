"""Addresses and texts in templates: the fast ways answer exactly as Flask's and gettext's own."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string, url_for
from markupsafe import Markup, escape

from kernel.i18n import use_language
from kernel.ids import new_id
from tenants.permissions import Permission
from web.templating import mail_environment


def test_an_address_in_a_template_is_flasks_own(app: Flask) -> None:
    ids = [new_id() for _ in range(3)]
    with app.test_request_context("/c/weiye/"):
        from flask import g

        g.company_slug = "weiye"
        wanted = [url_for("ledger.show", item_id=i) for i in ids] + [url_for("customers.index", q="a b&c")]
        got = render_template_string(
            "{% for i in ids %}{{ url_for('ledger.show', item_id=i) }}\n{% endfor %}"
            "{{ url_for('customers.index', q='a b&c') }}",
            ids=ids,
        )
    assert got.replace("&amp;", "&").split("\n") == wanted


def test_a_text_with_values_escapes_them_and_needs_them_all() -> None:
    env = mail_environment()
    page = env.from_string("{% autoescape true %}{{ _('%(name)s is new', name='<b>') }}{% endautoescape %}")
    with use_language("en"):
        assert page.render() == "&lt;b&gt; is new"
        with pytest.raises(KeyError):
            env.from_string("{{ _('%(name)s is new', nam='x') }}").render()


def test_a_plural_takes_its_number() -> None:
    env = mail_environment()
    page = env.from_string("{{ ngettext('%(num)s day', '%(num)s days', n) }}")
    with use_language("en"):
        assert [page.render(n=1), page.render(n=2)] == ["1 day", "2 days"]


def test_no_address_is_kept_for_another_company_or_another_value(app: Flask) -> None:
    from flask import g

    got = []
    for slug in ("weiye", "huaxin"):
        for root in ("", "/credit"):
            with app.test_request_context(f"/c/{slug}/", base_url=f"http://localhost{root}/"):
                g.company_slug = slug
                got += [
                    url_for("customers.index"),
                    url_for("customers.index", q="1"),
                    url_for("customers.index", q=None),
                ]
                got.append(url_for("customers.index", company="tiancheng"))
                got.append(url_for("customers.index", _external=True))
    here = ["customers/", "customers/?q=1", "customers/"]
    wanted = []
    for slug in ("weiye", "huaxin"):
        for root in ("", "/credit"):
            wanted += [f"{root}/c/{slug}/{path}" for path in here]
            wanted.append(f"{root}/c/tiancheng/customers/")
            wanted.append(f"http://localhost{root}/c/{slug}/customers/")
    assert got == wanted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("伟业 & <b>\"x\"</b> 'y'", "伟业 &amp; &lt;b&gt;&#34;x&#34;&lt;/b&gt; &#39;y&#39;"),
        ("a'b", "a&#39;b"),
        ("伟业电子 1,234.50", "伟业电子 1,234.50"),
        (Markup("<b>x</b>"), "<b>x</b>"),
        (17, "17"),
        (True, "True"),
        (None, "None"),
        (Permission.READ, escape(Permission.READ)),
        (["<"], "[&#39;&lt;&#39;]"),
    ],
)
def test_a_page_shows_a_value_as_markupsafe_escapes_it(app: Flask, value: object, shown: str) -> None:
    source = (
        "{% macro twice(x) %}{{ x }}|{{ x }}{% endmacro %}"
        "{{ value }}\n{{ twice(value) }}\n{% set s %}{{ value }}{% endset %}{{ s }}"
    )
    with app.test_request_context("/"):
        got = render_template_string(source, value=value)
    assert got == f"{shown}\n{shown}|{shown}\n{shown}"


def test_a_part_that_is_kept_is_one_of_its_values_and_its_language(app: Flask) -> None:
    from web.templating import remembered

    module = app.jinja_env.from_string(
        "{% macro hello(names) %}{{ _('Search') }} {{ names|join }}{% endmacro %}"
    ).module
    hello = module.hello  # type: ignore[attr-defined]
    got = []
    for language in ("en", "zh_CN", "en"):
        with use_language(language):
            got += [remembered(hello, ("<a>",)), remembered(hello, ("b",))]
    assert got[:2] == ["Search &lt;a&gt;", "Search b"] == got[4:]
    assert got[2:4] == ["搜索 &lt;a&gt;", "搜索 b"]
