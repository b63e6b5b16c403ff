"""Paging: whatever the address says, the page exists and the filters stay."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from web.paging import PageAsked, read_page


@pytest.mark.parametrize(
    ("args", "number", "size"),
    [
        ({}, 1, 50),
        ({"page": "3", "size": "25"}, 3, 25),
        ({"page": "0", "size": "7"}, 1, 50),
        ({"page": "-1", "size": "1e9"}, 1, 50),
        ({"page": "²", "size": "٢٥"}, 1, 50),
        ({"page": "9" * 40}, 1, 50),
        ({"page": "999999999"}, 1_000_000, 50),
    ],
)
def test_nonsense_becomes_the_default(args: dict[str, str], number: int, size: int) -> None:
    assert read_page(args) == PageAsked(number, size)


def test_offset_and_limit_for_the_query() -> None:
    asked = read_page({"page": "3", "size": "25"})
    assert (asked.offset, asked.limit) == (50, 25)


def test_the_pager_counts_rows() -> None:
    page = PageAsked(3, 25).page(60, "/customers")
    assert (page.first, page.last, page.pages) == (51, 60, 3)
    assert page.next_url is None
    assert page.prev_url == "/customers?page=2"


def test_beyond_the_end_is_the_last_page_and_nothing_is_one_empty_page() -> None:
    assert PageAsked(99, 25).page(60).number == 3
    empty = PageAsked(1, 25).page(0)
    assert (empty.first, empty.last, empty.pages, empty.prev_url, empty.next_url) == (0, 0, 1, None, None)


def test_links_keep_every_other_argument_even_repeated_ones() -> None:
    args = MultiDict([("q", "深圳 & co"), ("stage", "a"), ("stage", "b"), ("page", "2")])
    page = PageAsked(2, 50).page(500, "/x", args)
    assert page.url(3) == "/x?q=%E6%B7%B1%E5%9C%B3+%26+co&stage=a&stage=b&page=3"
    assert "page=" not in page.url(1)
    assert [(link.number, link.current) for link in page.size_links] == [(25, False), (50, True), (100, False)]
    assert page.size_links[0].url.endswith("stage=b&size=25")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1, [1, 2, None, 20]),
        (3, [1, 2, 3, 4, None, 20]),
        (10, [1, None, 9, 10, 11, None, 20]),
        (18, [1, None, 17, 18, 19, 20]),
    ],
)
def test_the_row_of_page_numbers_has_no_gap_of_one(number: int, shown: list[int | None]) -> None:
    links = PageAsked(number, 50).page(1000, "/x").links
    assert [link.number if link else None for link in links] == shown
