"""A client that sends with a form what a browser would send with it, where a test does not say so itself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse


class FormClient(FlaskClient):
    """Adds to each POST a fresh key, as the page that shows the form would; `bare()` posts adds nothing."""

    adds_key = True

    def bare(self) -> FormClient:
        """Returns this client, which from now on sends nothing but what it is given."""
        self.adds_key = False
        return self

    def post(self, *args: Any, **values: Any) -> TestResponse:
        """Sends a POST with a key of its own, unless the test gives one."""
        data = values.get("data")
        if self.adds_key and (data is None or isinstance(data, dict)) and "key" not in (data or {}):
            key = {"key": str(uuid4())}
            values["data"] = data | key if isinstance(data, MultiDict) else {**(data or {}), **key}
        return super().post(*args, **values)
