"""Names the journal events of imports."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark
from tenants.slice import Event

EVENTS: Final[dict[str, Event]] = {
    "import_uploaded": Event(mark("File uploaded"), "%(file)s"),
    "import_confirmed": Event(mark("Import confirmed")),
    "import_mapped": Event(mark("Columns of a file mapped")),
    "import_undone": Event(
        mark("Import undone"), mark("%(documents)s documents reversed, %(customers)s customers put back")
    ),
    "import_applied": Event(
        mark("File imported"), mark("%(file)s: %(rows)s rows, %(created)s new, %(updated)s changed")
    ),
}
