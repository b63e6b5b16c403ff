"""A doubtful number is saved with a warning and keeps credit shut until a named person looked it up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from uuid import UUID

import pytest

from kernel.clock import fixed_clock, moment_on
from kernel.errors import RuleBroken
from tests.support.approvals import everybody
from tests.support.world import TODAY, World
from tests.support.world.base import fresh_key

#: A code of a company registered before 2016, whose check character does not fit.
OLD_CODE = "91350100M000100Y44"
ENDS_IN_0 = "91310000MA1FL00030"
#: An identity-card number that happens to fit as a unified social credit code as well.
CARD = "110105197001010054"

pytestmark = pytest.mark.usefixtures("_on_today")


@pytest.fixture(name="_on_today")
def on_today() -> Iterator[None]:
    with fixed_clock(moment_on(TODAY, "Asia/Shanghai", time(10))):
        yield


def entered(world: World, number: str) -> tuple[UUID, str]:
    """Enters a company with this number by its form; returns the customer and the page that follows."""
    client = world.client("accountant")
    typed = {"number": "C-1", "name": "福州远大", "entity_type": "company", "language": "zh_CN", "tax_id": number}
    more = {"term_base": "invoice", "term_days": "30", "settlement_days": "0", "key": fresh_key()}
    made = client.post(world.url("/customers/"), data=typed | more)
    assert made.status_code == 303, made.text
    return world.customer_id("C-1"), client.get(made.location).text


def ask_for_a_limit(world: World, customer: UUID) -> UUID:
    everybody(world, ("general_manager",))
    return world.request_limit(customer, "1000")


def test_a_true_old_code_warns_and_opens_the_gate_once_it_was_looked_up(world: World) -> None:
    customer, page = entered(world, OLD_CODE)
    assert "The number was saved as entered." in page
    world.complete_file(customer)
    with pytest.raises(RuleBroken, match="limit_file_gaps") as refused:
        ask_for_a_limit(world, customer)
    assert refused.value.params == {"gaps": "Tax or register number: not verified yet"}
    url, finance = world.url(f"/customers/{customer}/file"), world.client("finance")
    assert finance.post(f"{url}/number", data={"source": "gsxt", "note": "登记一致"}).status_code == 303
    assert "was held against the register by Test finance" in finance.get(url).text
    assert ask_for_a_limit(world, customer)


def test_a_code_that_ends_in_0_is_taken_as_it_is(world: World) -> None:
    customer, page = entered(world, ENDS_IN_0)
    assert "The number was saved as entered." not in page
    world.complete_file(customer)
    assert ask_for_a_limit(world, customer)


def test_an_identity_card_number_is_never_taken_in_silence_as_a_companys_code(world: World) -> None:
    customer, page = entered(world, CARD)
    assert "The number was saved as entered." in page
    assert "identity card" in page
    world.complete_file(customer)
    with pytest.raises(RuleBroken, match="limit_file_gaps"):
        ask_for_a_limit(world, customer)
