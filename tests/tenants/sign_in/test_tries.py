"""S4: wrong passwords are limited, and nobody can lock another person out by them."""

from __future__ import annotations

import pytest
from flask import Flask

from app.factory import create_app
from kernel.settings import settings
from tenants.sign_in.devices import Device, read_device, write_device
from tests.support.companies import TestCompany
from tests.support.doors import enter, somebody
from web.limits import network_of


def _limited() -> Flask:
    made = create_app(settings().model_copy(update={"environment": "development"}))
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return made


@pytest.fixture
def limited_app(company: TestCompany) -> Flask:
    """The app as it runs outside tests: with its limits."""
    return _limited()


def test_ten_wrong_tries_from_one_place_do_not_lock_the_owner_out_at_another(
    company: TestCompany, limited_app: Flask
) -> None:
    _user, email = somebody(company)
    attacker = limited_app.test_client()
    attacker.set_cookie("lang", "en")
    answers = [enter(attacker, email, "wrong", ip="198.51.100.7") for _n in range(12)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2
    assert "Wait 10 minutes" in answers[-1].text
    assert email in answers[-1].text, "what was typed stays"
    assert int(answers[-1].headers["Retry-After"]) > 500
    assert enter(limited_app.test_client(), email, ip="203.0.113.5").status_code == 303


def test_a_browser_that_signed_in_before_passes_while_the_address_is_under_attack(
    company: TestCompany, limited_app: Flask
) -> None:
    _user, email = somebody(company)
    own, place = limited_app.test_client(), "203.0.113.6"
    assert enter(own, email, ip=place).status_code == 303
    own.post("/sign-out")
    for n in range(60):
        enter(limited_app.test_client(), email, "wrong", ip=f"198.51.100.{n}")
    assert enter(limited_app.test_client(), email, ip="203.0.113.77").status_code == 429, "a stranger has to wait"
    assert enter(own, email, ip=place).status_code == 303
    assert enter(own, email, ip="203.0.113.200").status_code == 303, "from wherever"


def test_a_known_browser_has_ten_wrong_tries_of_its_own(company: TestCompany, limited_app: Flask) -> None:
    _user, email = somebody(company)
    own = limited_app.test_client()
    enter(own, email, ip="203.0.113.8")
    own.post("/sign-out")
    tries = [enter(own, email, "wrong", ip=f"203.0.113.{n}").status_code for n in range(11)]
    assert tries == [422] * 10 + [429]


def test_a_browser_that_knows_one_person_does_not_pass_for_another(company: TestCompany, limited_app: Flask) -> None:
    (_user, email), (_other, victim) = somebody(company), somebody(company, "吴会计")
    own = limited_app.test_client()
    enter(own, email, ip="203.0.113.9")
    own.post("/sign-out")
    tries = [enter(own, victim, "wrong", ip="203.0.113.9").status_code for _n in range(11)]
    assert tries == [422] * 10 + [429]
    assert enter(own, email, ip="203.0.113.9").status_code == 303


def test_right_sign_ins_do_not_count(company: TestCompany, limited_app: Flask) -> None:
    _user, email = somebody(company)
    answers = {enter(limited_app.test_client(), email, ip="203.0.113.10").status_code for _n in range(14)}
    assert answers == {303}


def test_spraying_over_many_addresses_from_one_place_is_limited(company: TestCompany, limited_app: Flask) -> None:
    _user, email = somebody(company)
    place, sprayer = "2001:db8:77:1::{}", limited_app.test_client()
    tries = [
        enter(sprayer, f"nobody{n}@elsewhere.example", "Spring2026!", ip=place.format(n + 1)).status_code
        for n in range(101)
    ]
    assert tries == [422] * 100 + [429], "an IPv6 network counts as one place"
    assert enter(limited_app.test_client(), email, ip="203.0.113.11").status_code == 303


def test_two_applications_of_one_process_count_together_and_do_not_disturb_each_other(company: TestCompany) -> None:
    _user, email = somebody(company)
    first, second = _limited(), _limited()
    for n in range(10):
        assert enter((first, second)[n % 2].test_client(), email, "wrong", ip="198.51.100.99").status_code == 422
    # An application without limits that is made meanwhile switches nobody else's off.
    company.app.test_client().get("/sign-in")
    create_app(settings())
    for app in (first, second):
        assert enter(app.test_client(), email, "wrong", ip="198.51.100.99").status_code == 429


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_client_is_counted_by_its_address_or_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_cookie_of_a_browser_is_signed_and_forgets_the_oldest_of_many_people(company: TestCompany) -> None:
    device = Device().with_person(company.owner_id, 1)
    assert read_device("k" * 40, write_device("k" * 40, device)) == device
    assert not read_device("other" * 8, write_device("k" * 40, device)).knows(company.owner_id, 1)
    assert not device.knows(company.owner_id, 2), "a new password makes browsers new"
    for n in range(2, 9):
        device = device.with_person(company.owner_id, n)
    assert len(device.people) == 1
    assert read_device("k" * 40, "nonsense").people == ()
