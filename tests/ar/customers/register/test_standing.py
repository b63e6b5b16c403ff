"""Groups with one payer or parent, sizes, exemptions (R030, R342)."""

from __future__ import annotations

from uuid import UUID

import pytest

from ar.customers.inputs import SetStanding, standing_values
from ar.customers.register.standing import Standing, set_standing, standing
from kernel.errors import Conflict, RuleBroken
from kernel.versions import version_of
from tests.support.world import World


def _set(world: World, customer: UUID, **values: object) -> bool:
    with world.transaction() as db:
        return set_standing(db, world.actor(), customer, SetStanding.model_validate(values))


def _standing(world: World, customer: UUID) -> Standing:
    with world.reading() as db:
        return standing(db, world.tenant_id, customer)


def test_a_customer_joins_a_group_and_leaves_it(world: World) -> None:
    head, member = world.customer("H", "集团"), world.customer("M", "子公司")
    assert _set(world, member, head_no="H", group_kind="payer", size_class="small", survey_exemption="cash")
    own = _standing(world, member)
    assert (own.head_no, own.group_kind, own.size_class, own.survey_exemption) == ("H", "payer", "small", "cash")
    assert [each.number for each in _standing(world, head).members] == ["M"]
    assert not _set(world, member, head_no="H", group_kind="payer", size_class="small", survey_exemption="cash")
    assert _set(world, member)
    assert _standing(world, head).members == ()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"head_no": "X", "group_kind": "parent"}, "group_head_unknown"),
        ({"head_no": "A", "group_kind": "parent"}, "group_own_head"),
        ({"head_no": "B"}, "group_kind_needed"),
    ],
)
def test_a_group_wants_another_customer_and_its_kind(world: World, values: dict[str, str], code: str) -> None:
    customer, _other = world.customer("A"), world.customer("B")
    with pytest.raises(RuleBroken, match=code):
        _set(world, customer, **values)


def test_a_group_has_one_level_and_no_circle(world: World) -> None:
    head, member, third = world.customer("H"), world.customer("M"), world.customer("T")
    _set(world, member, head_no="H", group_kind="parent")
    with pytest.raises(RuleBroken, match="group_head_has_head"):
        _set(world, third, head_no="M", group_kind="parent")
    with pytest.raises(RuleBroken, match="group_head_has_head"):
        _set(world, head, head_no="M", group_kind="parent")
    with pytest.raises(RuleBroken, match="group_has_members"):
        _set(world, head, head_no="T", group_kind="parent")


def test_nobody_writes_over_what_another_person_changed(world: World) -> None:
    customer = world.customer("A")
    seen = version_of(standing_values(_standing(world, customer)))
    _set(world, customer, size_class="large")
    with pytest.raises(Conflict, match="changed_meanwhile"):
        _set(world, customer, size_class="small", version=seen)
