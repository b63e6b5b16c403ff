"""The printed delivery note: goods without prices, and a code that reads as the note's number."""

from __future__ import annotations

import pytest

from ar.sales.deliveries.pages import queries
from ar.sales.deliveries.pages.note_print import code_rows, paper_values, print_note
from tests.support.world import World


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_note_prints_in_the_customers_language_without_prices(world: World, language: str) -> None:
    customer = world.customer(language=language)
    world.complete_file(customer)
    world.limit(customer, 10_000_00)
    note = world.shipped_note(world.released_order(customer, ("不锈钢阀门 DN50", "10", "98.76")), number="DL-42")
    with world.reading() as db:
        rendered, number = print_note(db, world.tenant_id, note)
        again, _number = print_note(db, world.tenant_id, note)
        row = queries.note_row(db, world.tenant_id, note)
        values = paper_values(row, queries.note_lines(db, world.tenant_id, row), language)
    assert number == "DL-42"
    assert rendered.pdf.startswith(b"%PDF-")
    assert rendered.sha256 == again.sha256
    assert rendered.missing == ()
    assert values["rows"] == [["1", "不锈钢阀门 DN50", "", "10", ""]]
    assert "98.76" not in str(values)
    assert "987.60" not in str(values)


def test_the_code_is_square_and_of_dark_and_light() -> None:
    rows = code_rows("DL-2026-000001")
    assert len(rows) == len(rows[0]) >= 21
    assert set("".join(rows)) == {"0", "1"}
    assert rows[0].startswith("1111111")
