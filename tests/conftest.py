"""Fixtures of the whole suite: one database per process, the app, fresh companies. Only loopback, no real date.

The clock starts at `tests.support.clock.NOW` in every thread of this process; `fixed_clock` sets another moment.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from kernel.i18n import set_language
from tests.support.clock import set_the_clock

set_the_clock()

# A busy machine is no fault of the code: nothing here is timed.
property_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("untimed")

# `make test DATABASE_URL=…` names the server that the suite makes its own databases on.
if os.environ.get("DATABASE_URL"):
    os.environ.setdefault("TEST_SERVER_URL", os.environ.pop("DATABASE_URL"))
for _name in ("REDIS_URL", "SMTP_URL", "PUBLIC_URL", "SECRET_KEY"):
    os.environ.pop(_name, None)
os.environ["ENVIRONMENT"] = "test"
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="huikuan-var-")
os.environ["SECRET_KEY"] = "for-tests-only-" + "x" * 32

LOOPBACK = ("127.", "::1", "localhost")
_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        raise AssertionError(f"a test tried to reach {address[0]}")
    _connect(self, address)  # type: ignore[arg-type]


socket.socket.connect = _loopback_only  # type: ignore[method-assign, assignment]


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A migrated database of this test process."""
    from tests.support.database import database

    with database() as url:
        os.environ["DATABASE_URL"] = url
        from kernel import settings

        settings.settings.cache_clear()
        yield url


@pytest.fixture(scope="session")
def installed() -> None:
    """What the slices bring is registered, as every process does at its start."""
    from app.cli import install

    install()


@pytest.fixture(scope="session")
def engine(database_url: str, installed: None) -> Iterator[sa.Engine]:
    """The app's engine, with the listener that refuses statements without their tenant."""
    from kernel import db
    from tests.support import statements

    made = db.engine()
    statements.install(made)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def app(engine: sa.Engine):  # type: ignore[no-untyped-def]
    """The whole web application. CSRF stays on only where a test asks for it."""
    from app.factory import create_app
    from tests.support.browser import FormClient

    made = create_app()
    made.test_client_class = FormClient
    made.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False)
    return made


@pytest.fixture(autouse=True)
def _english() -> None:
    """A request sets its language for its context, which in a test is the test's: nothing carries over."""
    set_language("en")


@pytest.fixture
def company(engine: sa.Engine, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A fresh company."""
    from tests.support.companies import new_company

    return new_company(lambda: request.getfixturevalue("app"))


@pytest.fixture
def other_company(engine: sa.Engine, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A second company: the foreign tenant."""
    from tests.support.companies import new_company

    return new_company(lambda: request.getfixturevalue("app"))


@pytest.fixture
def world(company):  # type: ignore[no-untyped-def]
    """The fresh company with makers of customers, documents, bills and the rest; see `tests.support.world`."""
    from tests.support.world import world_of

    return world_of(company)


@pytest.fixture
def data_folder() -> Path:
    """The folder of public sample data beside the checkout; skips, saying so, where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.exists():
        pytest.skip("the sample data is not on this machine")
    return folder


@pytest.fixture
def post(tmp_path: Path, engine: sa.Engine):  # type: ignore[no-untyped-def]
    """A mail server on loopback; `post.all()` is what it got. Use with `tests.support.delivery.drain`."""
    from tests.support.delivery import post_office

    with post_office(tmp_path / "post") as office:
        yield office
