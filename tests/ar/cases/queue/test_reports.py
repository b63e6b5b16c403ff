"""What the ladder reports to a role reaches it: in its decisions, in its counter and by mail (W7)."""

from __future__ import annotations

from datetime import date
from typing import Final

from ar.cases.commands import complete_task
from ar.cases.holds.outcome_inputs import CompleteTask
from ar.cases.queue.report_mails import report_to_roles
from kernel.clock import fixed_clock, moment_on
from tenants.people.commands import change_roles
from tenants.people.inputs import ChangeRoles
from tenants.permissions import Role
from tests.support.approvals import person
from tests.support.postbox import Postbox
from tests.support.world import World

#: One month after the due date the general manager is informed (R178).
DUE: Final = date(2026, 10, 1)
THE_DAY: Final = date(2026, 11, 2)


def _late(world: World) -> World:
    world.customer("00001", "甲方电子", contact_email="ar@00001.example", contact_name="王")
    world.invoice("00001", number="A1", due_on=DUE, minor=8_000_00)
    return world


def _decisions(world: World, role: str) -> str:
    with fixed_clock(moment_on(THE_DAY, world.timezone)):
        return world.client(role).get(world.url("/decisions/")).text


def test_the_general_manager_is_mailed_and_finds_it_among_the_decisions(world: World, postbox: Postbox) -> None:
    manager = person(world, "general_manager", today=THE_DAY)
    _late(world).run_day(on=THE_DAY)
    assert "sent" in world.send_mail(on=THE_DAY)
    (mail,) = postbox.mails
    text = mail.get_body(("plain",)).get_content()
    assert "甲方电子 00001" in text
    assert "8,000.00" in text
    assert "/decisions/?kind=task" in text
    assert manager.name
    assert "甲方电子" in _decisions(world, "general_manager")
    assert "Report to the general manager" not in _decisions(world, "collector")


def test_a_second_run_and_a_second_delivery_mail_nobody_again(world: World, postbox: Postbox) -> None:
    person(world, "general_manager", today=THE_DAY)
    _late(world).run_day(on=THE_DAY)
    world.send_mail(on=THE_DAY)
    world.run_day(on=THE_DAY)
    world.send_mail(on=THE_DAY)
    assert len(postbox.mails) == 1


def test_where_nobody_is_general_manager_the_finance_director_is_told(world: World, postbox: Postbox) -> None:
    """The owner of a new company is its finance director."""
    _late(world).run_day(on=THE_DAY)
    world.send_mail(on=THE_DAY)
    assert len(postbox.mails) == 1


def test_who_lost_the_role_before_the_mail_leaves_does_not_get_it(world: World, postbox: Postbox) -> None:
    """It names customers and amounts, of which a driver sees nothing."""
    manager = person(world, "general_manager", today=THE_DAY)
    _late(world).run_day(on=THE_DAY)
    task = next(each for each in world.actions("proposed") if each.code == "general_manager")
    assert manager.user_id
    with world.transaction() as db:
        report_to_roles(db, world.actor(THE_DAY), {"run": str(task.run_id)})
        change_roles(db, world.actor(THE_DAY), manager.user_id, ChangeRoles(roles=[Role.DRIVER]))
    assert "suppressed" in world.send_mail(on=THE_DAY)
    assert not [mail["To"] for mail in postbox.mails if "decider" in mail["To"]]


def test_what_is_decided_before_the_mail_leaves_is_neither_asked_nor_listed(world: World, postbox: Postbox) -> None:
    person(world, "general_manager", today=THE_DAY)
    _late(world).run_day(on=THE_DAY)
    task = next(each for each in world.actions("proposed") if each.code == "general_manager")
    assert "甲方电子" in _decisions(world, "general_manager")
    with world.transaction() as db:
        complete_task(db, world.actor(THE_DAY), task.id, CompleteTask(note="去法院"))
    world.send_mail(on=THE_DAY)
    assert postbox.mails == []
    assert "Report to the general manager" not in _decisions(world, "general_manager")
