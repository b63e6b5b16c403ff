"""A client that sends with a form what a browser would send with it, where a test does not say so itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from kernel.clock import utc_now
from kernel.db import transaction
from tenants.sign_in.models import PersonSession
from tenants.sign_in.sessions import hash_of

#: Where a form that edits is shown, by the end of the address that it is posted to.
PAGES_OF_EDITS: Final = (
    (re.compile(r"(/customers/[0-9a-f-]{36})$"), r"\1/edit"),
    (re.compile(r"(/customers/[0-9a-f-]{36}/contacts)$"), r"\1/new"),
    (re.compile(r"(/customers/[0-9a-f-]{36}/(?:standing|questionnaire))$"), r"\1"),
    (re.compile(r"(/people/[0-9a-f-]{36})/roles$"), r"\1"),
    (
        re.compile(
            r"(/bank/accounts/[0-9a-f-]{36}|/settings/?|/provisions/policy|/interest/terms(?:/[0-9a-f-]{36})?"
            r"|/assessments/[0-9a-f-]{36}|/credit-policy/)$"
        ),
        r"\1",
    ),
)


#: When the sessions of tests end by themselves: their stories play over months.
NEVER: Final = datetime(2199, 1, 1, tzinfo=UTC)


def sign_in(client: FlaskClient, user_id: UUID) -> None:
    """Signs a person in with this browser, without the page and without an end."""
    secret, now = uuid4().hex, utc_now()
    row = {"user_id": user_id, "token_hash": hash_of(secret), "browser": "", "address": "", "began_at": now}
    with transaction(None) as db:
        db.execute(sa.insert(PersonSession).values(**row, seen_at=NEVER, expires_at=NEVER))
    with client.session_transaction() as session:
        session["_user_id"] = f"{user_id}|{secret}"
        session["_fresh"] = True


class FormClient(FlaskClient):
    """Adds to each POST a fresh key, and to one that edits the version, as the page that shows the form would.

    After `bare()` it adds nothing.
    """

    adds_key = True

    def bare(self) -> FormClient:
        """Returns this client, which from now on sends nothing but what it is given."""
        self.adds_key = False
        return self

    def _version(self, path: str) -> str | None:
        """Returns the version on the page whose form is posted to `path`, as this person sees it now."""
        for ending, page in PAGES_OF_EDITS:
            if not ending.search(path):
                continue
            shown = self.get(ending.sub(page, path)).text
            form = re.search(rf'<form[^>]*action="{re.escape(path)}".*?</form>', shown, flags=re.DOTALL)
            found = re.search(r'name="version" value="([^"]*)"', form[0]) if form else None
            return found[1] if found else None
        return None

    def post(self, *args: Any, **values: Any) -> TestResponse:
        """Sends a POST with a key of its own, unless the test gives one."""
        data = values.get("data")
        if self.adds_key and (data is None or isinstance(data, dict)):
            more = {} if "key" in (data or {}) else {"key": str(uuid4())}
            version = None if "version" in (data or {}) or not args else self._version(str(args[0]))
            if version is not None:
                more["version"] = version
            values["data"] = data | more if isinstance(data, MultiDict) else {**(data or {}), **more}
        return super().post(*args, **values)
