"""Ids, settings, idempotency, counters, languages, safe redirects: small parts, each with its invariant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel import counters, i18n, idempotency
from kernel.clock import fixed_clock, local_date, utc_now
from kernel.errors import Conflict
from kernel.ids import new_id, new_ids
from kernel.pinyin import pinyin_sort_key
from kernel.settings import SettingsError, read_settings
from tests.support.companies import TestCompany
from web.responses import safe_next


def test_ids_are_version_7_and_ascend() -> None:
    ids = new_ids(20_000)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {i.version for i in ids} == {7}


def test_a_fixed_clock_stands_in_for_now() -> None:
    moment = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    with fixed_clock(moment):
        assert utc_now() == moment
        # 00:30 on the 2nd in Shanghai is still the 1st in Los Angeles.
        assert local_date(moment, "Asia/Shanghai").isoformat() == "2026-03-02"
        assert local_date(moment, "America/Los_Angeles").isoformat() == "2026-03-01"
    assert utc_now() != moment


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"SMTP_URL": "x"}, "SMTP_URL"),
        ({"PORT": "70000"}, "PORT"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY"),
        ({"ENVIRONMENT": "production", "SECRET_KEY": "k" * 40, "PUBLIC_URL": "http://x"}, "PUBLIC_URL"),
    ],
)
def test_wrong_settings_are_refused_by_name(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(environ)


def test_a_plain_postgres_url_is_understood() -> None:
    assert read_settings({"DATABASE_URL": "postgres://a@b/c"}).database_url == "postgresql+psycopg://a@b/c"


def test_numbers_run_without_gaps_from_many_hands(company: TestCompany) -> None:
    def take(_: int) -> int:
        with company.transaction() as db:
            return counters.take_numbers(db, company.tenant_id, "ST")[0]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(40)))
    assert sorted(taken) == list(range(1, 41))


def test_a_rolled_back_command_leaves_no_gap(company: TestCompany) -> None:
    with pytest.raises(RuntimeError), company.transaction() as db:
        counters.take_numbers(db, company.tenant_id, "ST")
        raise RuntimeError
    with company.transaction() as db:
        assert list(counters.take_numbers(db, company.tenant_id, "ST", 3)) == [1, 2, 3]


def test_the_same_request_twice_has_one_effect_and_one_answer(company: TestCompany) -> None:
    actor, made = company.actor(), []

    def make() -> UUID:
        made.append(new_id())
        return made[-1]

    answers = []
    for _ in range(2):
        with company.transaction() as db:
            answers.append(idempotency.once(db, actor, "k", {"amount": 1}, make))
    assert answers == [made[0], made[0]]
    with pytest.raises(Conflict, match="idempotency_key_reused"), company.transaction() as db:
        idempotency.once(db, actor, "k", {"amount": 2}, make)
    assert len(made) == 1


def test_a_request_that_failed_may_be_sent_again(company: TestCompany) -> None:
    actor, result = company.actor(), new_id()

    def fail() -> UUID:
        raise RuntimeError

    with pytest.raises(RuntimeError), company.transaction() as db:
        idempotency.once(db, actor, "k", {}, fail)
    with company.transaction() as db:
        assert idempotency.once(db, actor, "k", {}, lambda: result) == result


def test_an_effect_without_an_id_happens_the_first_time_only(company: TestCompany) -> None:
    actor = company.actor()
    for expected in (True, False):
        with company.transaction() as db:
            assert idempotency.first_time(db, actor, "week", {"week": "2026-W47"}) is expected


def test_a_language_does_not_carry_over() -> None:
    with i18n.use_language("zh_CN"):
        assert i18n.current_language() == "zh_CN"
        with i18n.use_language("en"):
            assert i18n.current_language() == "en"
        assert i18n.current_language() == "zh_CN"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil", "javascript:x", "", None, "/a\r\nb", "\\\\evil"]
)
def test_a_redirect_stays_on_the_site(target: str | None) -> None:
    assert safe_next(target, "/home") == "/home"


def test_a_path_of_ours_is_followed() -> None:
    assert safe_next("/c/weiye/customers/?q=1", "/home") == "/c/weiye/customers/?q=1"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("重庆钢铁", "chong qing gang tie"),
        # Places that the dictionary lacks (findings/pypinyin_names_of_places.sh), and firms that begin with 长.
        ("长治煤机", "chang zhi mei ji"),
        ("漯河食品", "luo he shi pin"),
        ("泊头铸造", "bo tou zhu zao"),
        ("南京六合区建材", "nan jing lu he qu jian cai"),
        ("长荣股份", "chang rong gu fen"),
        # Where a phrase says "grow" or "chief", it stays so.
        ("长子县农机", "zhang zi xian nong ji"),
        ("增长科技", "zeng zhang ke ji"),
        ("Beta 贸易", "beta  mao yi"),
    ],
)
def test_a_chinese_name_is_sorted_by_the_sounds_its_place_has(name: str, key: str) -> None:
    assert pinyin_sort_key(name) == key
