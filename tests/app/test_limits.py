"""Limits count in Redis, together for all processes; without Redis each process counts for itself and goes on."""

from __future__ import annotations

from limits import parse

from web import limits
from web.limits import Limits


def _of_another_process(url: str) -> Limits:
    """Limits whose connection and memory are their own."""
    limits._counter.cache_clear()
    return Limits(url, "huikuan", enabled=True)


def test_every_process_counts_together(redis_url: str) -> None:
    limit, key = parse("2 per minute"), ("sign-in", "lin@weiye.example")
    assert _of_another_process(redis_url).count(limit, *key)
    assert _of_another_process(redis_url).count(limit, *key)
    third = _of_another_process(redis_url)
    assert not third.passes(limit, *key)
    assert 1 <= third.wait_s(limit, *key) <= 60
    assert third.passes(limit, "sign-in", "bo@weiye.example")
    assert Limits(redis_url, "another installation", enabled=True).passes(limit, *key)
    third.forget(limit, *key)
    assert _of_another_process(redis_url).passes(limit, *key)


def test_without_redis_a_process_counts_for_itself() -> None:
    limit, key = parse("2 per minute"), ("sign-in", "away@weiye.example")
    alone = _of_another_process("redis://127.0.0.1:1/0")
    assert [alone.count(limit, *key) for _n in range(3)] == [True, True, False]
    assert not alone.passes(limit, *key)


def test_limits_that_are_off_allow_everything() -> None:
    off = Limits("", "", enabled=False)
    assert all(off.count(parse("1 per minute"), "x") for _n in range(3))
