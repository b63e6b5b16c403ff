"""Formatters: what an accountant reads on a page, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kernel.i18n import use_language
from web import formatters as f


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456789, "CNY", "1,234,567.89"),
        (-500, "CNY", "−5.00"),
        (0, "CNY", "0.00"),
        (123456789, "JPY", "123,456,789"),
        (1234567, "KWD", "1,234.567"),
        (None, "CNY", "—"),
    ],
)
def test_amount_keeps_the_currencys_own_decimals(minor: int | None, currency: str, text: str) -> None:
    assert f.amount(minor, currency) == text


def test_the_sign_of_a_currency_is_the_readers() -> None:
    with use_language("zh_CN"):
        assert f.currency_amount(100000, "CNY") == "¥1,000.00"
        assert f.currency_amount(100000, "USD") == "US$1,000.00"
    with use_language("en"):
        assert f.currency_amount(100000, "CNY") == "CN¥1,000.00"
        assert f.currency_amount(-100000, "USD") == "−$1,000.00"
    assert f.currency_amount(None, "CNY") == "—"


def test_a_figure_is_markup_with_small_decimals_and_reads_as_the_amount() -> None:
    with use_language("zh_CN"):
        figure = f.figure(-841623050, "CNY")
    assert figure.striptags() == "−¥ 8,416,230.50"
    assert "<small>.50</small>" in figure
    assert f.figure(None, "CNY").striptags() == "—"


def test_dates_are_iso_and_moments_stand_in_the_tenants_zone() -> None:
    moment = datetime(2026, 11, 20, 16, 5, tzinfo=UTC)
    assert f.date(date(2026, 3, 1)) == "2026-03-01"
    assert f.short_date(date(2026, 3, 1)) == "03-01"
    with f.use_zone("Asia/Shanghai"):
        assert f.datetime(moment) == "2026-11-21 00:05"
        assert f.short_datetime(moment) == "11-21 00:05"
        assert f.date(moment) == "2026-11-21"
    with f.use_zone("America/New_York"):
        assert f.datetime(moment) == "2026-11-20 11:05"
        assert f.datetime(moment, "UTC") == "2026-11-20 16:05"
    assert f.date(None) == f.datetime(None) == f.short_date(None) == "—"


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        f.datetime(datetime(2026, 11, 20, 16, 5))  # noqa: DTZ001


def test_days_in_english_know_one_from_many() -> None:
    with use_language("en"):
        assert [f.days(n) for n in (1, 30, 0, -7, 1200)] == ["1 day", "30 days", "0 days", "−7 days", "1,200 days"]


@pytest.mark.parametrize(
    ("bps", "text"),
    [
        (2500, "25.0%"),
        (2734, "27.3%"),
        (2735, "27.4%"),
        (-5, "−0.1%"),
        (-4, "0.0%"),
        (1234567, "12,345.7%"),
        (None, "—"),
    ],
)
def test_basis_points_as_per_cent(bps: int | None, text: str) -> None:
    assert f.percent_bps(bps) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (183456, "183 kB"), (20_000_000, "20 MB"), (1_250_000, "1.3 MB")],
)
def test_sizes_of_files(size: int, text: str) -> None:
    assert f.filesize(size) == text


def test_the_dates_of_a_sentence_stay_whole_and_the_rest_is_escaped() -> None:
    assert f.whole_dates("a<b 2026-11-30 c") == 'a&lt;b <span class="nowrap">2026-11-30</span> c'
    assert f.whole_dates("no date") == "no date"


def test_small_words() -> None:
    assert f.number(-1234) == "−1,234"
    assert f.hash_short("7c1e" + "0" * 56 + "a94f") == "7c1e…a94f"
    assert (f.language_name("zh_CN"), f.language_name("de")) == ("中文", "de")
    with use_language("zh_CN"):
        assert f.html_lang() == "zh-CN"
