"""Filters: any query string is safe, defaults stay out of the address, links change one thing and keep the rest."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from datetime import date

import pytest

from web import filters


@dataclass(frozen=True)
class Shown:
    q: str = filters.text()
    stage: str = filters.choice("all", "overdue", "disputed")
    since: date | None = filters.day()
    least: int | None = filters.whole(least=0)
    mine: bool = filters.flag()
    sort: str = filters.choice("due", "-due", "amount", "-amount")


def test_an_empty_address_gives_the_defaults() -> None:
    shown = filters.read(Shown, {})
    assert shown == Shown("", "all", None, None, False, "due")
    assert filters.active(shown) == {}
    assert filters.url(shown, "/items") == "/items"
    with pytest.raises(FrozenInstanceError):
        shown.q = "x"  # type: ignore[misc]


def test_what_a_person_chose_is_read_and_written_back() -> None:
    args = {"q": " 深圳 ", "stage": "overdue", "since": "2026-11-01", "least": "100", "mine": "1", "sort": "-amount"}
    shown = filters.read(Shown, args)
    assert shown == Shown("深圳", "overdue", date(2026, 11, 1), 100, True, "-amount")
    assert filters.active(shown) == {
        "q": "深圳",
        "stage": "overdue",
        "since": "2026-11-01",
        "least": "100",
        "mine": "1",
    }
    assert (
        filters.url(shown, "/items")
        == "/items?q=%E6%B7%B1%E5%9C%B3&stage=overdue&since=2026-11-01&least=100&mine=1&sort=-amount"
    )


@pytest.mark.parametrize(
    "args",
    [
        {"stage": "'; drop table--", "sort": "password"},
        {"since": "2026-02-31", "least": "-5"},
        {"since": "20261101", "least": "²", "mine": "perhaps"},
        {"since": "", "least": "9" * 30, "unknown": "x", "page": "4"},
        {"q": "\x00"},
        {"since": "0001-01-01"},
        {"since": "1989-12-31"},
        {"since": "2101-01-01"},
        {"since": "9999-12-31"},
    ],
)
def test_the_unknown_and_malformed_become_the_default(args: dict[str, str]) -> None:
    assert filters.read(Shown, args) == Shown()


@pytest.mark.parametrize("typed", ["0001-01-01", "9999-12-31", "2026-13-99", "tomorrow", " 20261101"])
def test_a_day_that_cannot_be_taken_is_named_as_it_was_typed(typed: str) -> None:
    assert filters.unread_days(Shown, {"since": typed, "q": "x"}) == {"since": typed.strip()}


def test_a_day_left_out_or_empty_or_good_is_not_named() -> None:
    assert filters.unread_days(Shown, {}) == filters.unread_days(Shown, {"since": " "}) == {}
    assert filters.unread_days(Shown, {"since": "1990-01-01"}) == {}
    assert filters.read(Shown, {"since": "2100-12-31"}).since == date(2100, 12, 31)


def test_a_currency_asked_for_is_among_the_choices_even_when_none_is_in_use() -> None:
    assert filters.currency_options(["USD", "CNY"], "jpy", "All") == [
        ("", "All"),
        ("CNY", "CNY"),
        ("JPY", "JPY"),
        ("USD", "USD"),
    ]


def test_chips_change_one_filter_and_go_to_the_first_page() -> None:
    shown = filters.read(Shown, {"stage": "overdue", "q": "a", "page": "7"})
    chips = filters.chips(shown, "stage", [("all", "All"), ("overdue", "Overdue", 12)], "/items")
    assert [(c.label, c.url, c.current, c.count) for c in chips] == [
        ("All", "/items?q=a", False, None),
        ("Overdue", "/items?q=a&stage=overdue", True, 12),
    ]


def test_a_sorted_column_turns_round_and_says_so() -> None:
    shown = filters.read(Shown, {"q": "a"})
    links = filters.sort_links(shown, "/items", "due", "amount")
    assert (links["due"].state, links["due"].url) == ("ascending", "/items?q=a&sort=-due")
    assert (links["amount"].state, links["amount"].url) == ("none", "/items?q=a&sort=amount")
    turned = filters.sort_links(filters.read(Shown, {"sort": "-due"}), "/items", "due")
    assert (turned["due"].state, turned["due"].url) == ("descending", "/items")


def test_a_link_to_a_filter_that_does_not_exist_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        filters.url(Shown(), "/items", colour="red")
