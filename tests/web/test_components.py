"""Components: what a person with or without script, mouse or eyes gets from each macro, in both languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, UndefinedError, select_autoescape

from app.shell import BarItem, NavHeading, NavItem
from kernel.i18n import use_language
from web.paging import PageAsked
from web.templating import RULES, TEMPLATES, prepare

VOID = {"input", "meta", "link", "rect", "circle", "path", "line", "polyline", "br", "hr", "img"}


@pytest.fixture(scope="module")
def env() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["html"], default_for_string=True), **RULES
    )
    prepare(env)
    env.globals.update(
        csrf_token=lambda: "token",
        new_key=lambda: "key-of-this-form",
        asset=lambda name: f"/assets/{name}",
        request=None,
        get_flashed_messages=lambda **_: [],
    )
    return env


def render(env: Environment, source: str, **values: Any) -> str:
    return env.from_string("{% import 'components/ui.html' as ui %}" + source).render(**values)


class Nesting(HTMLParser):
    """Fails on an element closed in the wrong place; collects ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def design_page(env: Environment, language: str) -> str:
    item, other = NavItem("Today", "/", True, 14), NavItem("Today", "/", False)
    company = {"name": "A & B", "url": "/a", "current": True}
    shell = {
        "nav": (NavHeading("Today", (item,)), NavHeading("Books", (other, other))),
        "bar": (BarItem("Today", "clock", "/", True, 14), BarItem("Today", "menu", "/", False)),
        "company": company,
        "companies": [company, {"name": "C", "url": "/c", "current": False}],
        "person": {"name": "Lin", "role": "Clerk"},
        "search_url": "/search",
        "sign_out_url": "/out",
        "account_url": "/account",
        "language_url": "/language",
        "as_of_text": "",
    }
    with use_language(language):
        return env.get_template("web/design.html").render(shell=shell)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_the_page_of_everything_is_well_formed_and_keeps_the_csp(env: Environment, language: str) -> None:
    html = design_page(env, language)
    parser = Nesting()
    parser.feed(html)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", html)
    assert f'<html lang="{language.replace("_", "-")}">' in html


def test_what_one_reader_saw_first_does_not_fix_the_language_of_the_next(env: Environment) -> None:
    source = "{{ 100000|currency_amount('CNY') }}"
    with use_language("zh_CN"):
        assert render(env, source) == "¥1,000.00"
    with use_language("en"):
        assert render(env, source) == "CN¥1,000.00"


def test_every_macro_is_in_the_readme_and_on_the_design_page() -> None:
    macros = set(re.findall(r"{% set (\w+) = ", (TEMPLATES / "components" / "ui.html").read_text())) - {"mark"}
    readme = (TEMPLATES / "README.md").read_text()
    assert {name for name in macros if f"`{name}(" not in readme} == set()
    pages = [TEMPLATES / "web" / "design.html", *(TEMPLATES / "web" / "design").glob("*.html")]
    shown = "".join(page.read_text() for page in pages)
    assert {name for name in macros - {"head"} if f"ui.{name}(" not in shown} == set()


def test_names_are_escaped(env: Environment) -> None:
    html = render(
        env, "{{ ui.badge(x) }}{{ ui.field('n', x, x) }}{{ ui.link_button(x, x) }}{{ ui.copyable(x) }}", x="<b>\"'&"
    )
    assert "<b>" not in html
    assert "&lt;b&gt;&#34;&#39;&amp;" in html


def test_an_error_is_tied_to_its_field_and_the_summary_leads_there(env: Environment) -> None:
    html = render(
        env,
        "{{ ui.form_errors([('due_on', 'Not a day')]) }}{{ ui.field('due_on', 'Due', hint='ISO', error='Not a day') }}",
    )
    assert '<a href="#f-due_on">Not a day</a>' in html
    assert re.search(r'<input[^>]*id="f-due_on"[^>]*aria-describedby="h-due_on e-due_on"[^>]*aria-invalid="true"', html)
    assert 'id="h-due_on"' in html
    assert 'id="e-due_on"' in html
    assert 'tabindex="-1"' in html


def test_no_errors_no_summary(env: Environment) -> None:
    assert render(env, "{{ ui.form_errors([]) }}").strip() == ""


def test_the_chosen_option_stays_chosen_whatever_its_type(env: Environment) -> None:
    html = render(
        env,
        "{{ ui.select('n', 'N', [(25, 'a'), (50, 'b')], '50') }}"
        "{{ ui.choices('c', 'C', [('x', 'X', ''), ('y', 'Y', '')], 'y') }}",
    )
    assert '<option value="50" selected>' in html
    assert re.search(r'value="y"[^>]*checked', html)
    assert html.count("checked") == html.count("selected") == 1


def test_a_sorted_head_says_so_and_is_a_link(env: Environment) -> None:
    columns = [
        {"label": "Due", "sort": SimpleNamespace(url="/x?sort=-due", state="ascending")},
        {"label": "Sum", "amount": True},
    ]
    html = render(env, "{% call ui.table(c, 'Items') %}<tr><td>1</td><td>2</td></tr>{% endcall %}", c=columns)
    assert 'aria-sort="ascending"><a class="sort" href="/x?sort=-due">' in html
    assert '<th scope="col" class="amount">Sum</th>' in html
    assert ">Items</caption>" in html


def test_an_empty_table_says_what_is_missing(env: Environment) -> None:
    html = render(env, "{% call ui.table([{'label': 'A'}], 'Items', empty='None yet') %}\n{% endcall %}")
    assert '<td colspan="1">None yet</td>' in html


def test_pager_names_rows_and_keeps_the_filters(env: Environment) -> None:
    page = PageAsked(2, 25).page(1243, "/x", {"q": "a"})
    with use_language("en"):
        html = render(env, "{{ ui.pager(p) }}", p=page)
    assert "26 to 50 of 1,243" in html
    assert 'href="/x?q=a&amp;page=3" rel="next"' in html
    assert re.search(r'href="/x\?q=a&amp;page=2" aria-current="page"', html)


def test_a_post_button_carries_the_token_and_works_without_script(env: Environment) -> None:
    html = render(env, "{{ ui.post_button('Skip', '/skip', fields={'id': 7}) }}")
    assert '<form class="one-button" method="post" action="/skip">' in html
    assert 'name="csrf_token" value="token"' in html
    assert 'name="id" value="7"' in html


def rects(html: str) -> list[tuple[str, int]]:
    return [(name, int(width)) for name, width in re.findall(r'<rect class="([\w-]+)"[^>]*? width="(\d+)"', html)]


def test_the_aging_picture_shows_shares_and_the_table_says_the_same(env: Environment) -> None:
    buckets = [
        {"label": n, "minor": m, "text": str(m)}
        for n, m in (("not due", 750), ("1-30", 249), ("31-60", 1), ("61-90", 0), ("over", -50))
    ]
    html = render(env, "{{ ui.aging(b, 'Sum', '950', 'Aging') }}", b=buckets)
    assert [name for name, _ in rects(html)] == ["a0", "a1", "a2"]
    assert sum(width for _, width in rects(html)) <= 1000
    assert html.count("<tr>") == 6
    nothing = render(env, "{{ ui.aging(b, 'Sum', '0', 'Aging') }}", b=[{"label": "a", "minor": 0, "text": "0"}])
    assert rects(nothing) == [] or rects(nothing)[0][0] == "a-none"


@pytest.mark.parametrize(
    ("used", "limit", "shown"),
    [
        (300, 400, [("accent", 750)]),
        (400, 400, [("accent", 1000)]),
        (500, 400, [("accent", 800), ("late", 200)]),
        (0, 0, [("accent", 0)]),
        (5, 0, [("accent", 0), ("late", 1000)]),
    ],
)
def test_gauge_turns_late_only_beyond_the_limit(
    env: Environment, used: int, limit: int, shown: list[tuple[str, int]]
) -> None:
    assert rects(render(env, "{{ ui.gauge(u, l, 'x') }}", u=used, l=limit))[1:] == shown


def test_charts_stand_without_points_and_with_one(env: Environment) -> None:
    render(env, "{{ ui.line_chart([], 'x') }}{{ ui.bars([], 'x') }}")
    html = render(env, "{{ ui.line_chart([{'label': 'a', 'value': -3, 'text': '-3'}], 'x') }}")
    assert 'points="0,' in html


def test_a_forgotten_value_is_an_error_not_an_empty_place(env: Environment) -> None:
    with pytest.raises(UndefinedError):
        render(env, "{{ ui.badge(customer.stage) }}")


@pytest.mark.parametrize("code", [403, 404, 409, 413, 422, 429, 500, 503])
def test_error_pages_need_nothing_and_lead_on(env: Environment, code: int) -> None:
    html = env.get_template(f"errors/{code}.html").render(error_ref="r-1")
    assert 'href="/"' in html
    assert "r-1" in html
    assert len(re.findall("<h1>", html)) == 1


def test_partials_of_the_design_page_have_one_root() -> None:
    for path in Path(TEMPLATES / "web" / "design").glob("_*.html"):
        assert path.read_text().count("dom_id(") == 1
