"""A count that stopped is shown as the lower bound that it is, wherever it goes."""

from __future__ import annotations

import pytest

from kernel.counts import AtLeast, counted_to
from web.formatters import number


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (999, "999"), (1000, "999+"), (1001, "999+")])
def test_a_count_says_that_it_stopped_only_where_it_did(count: int, shown: str) -> None:
    assert str(counted_to(count, 1000)) == number(counted_to(count, 1000)) == shown


def test_what_is_added_to_a_bound_or_taken_from_it_is_a_bound() -> None:
    assert number(sum([AtLeast(999), 501])) == "1,500+"
    assert number(501 + AtLeast(999)) == "1,500+"
    assert str(AtLeast(999) - 100) == "899+"
    assert number(max(0, AtLeast(999) - 100)) == "899+"
    assert AtLeast(999) != 5000
