"""Texts of the error codes of companies, people and settings. Imports the marker for translation only."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "not_your_own_admin": mark("You cannot give up your own administration. Ask another administrator."),
    "calendar_day_not_found": mark("%(on)s is not on the list of the company's own days."),
    "person_removed": mark("This person was removed. Invite them again first."),
    "user_not_found": mark("Nobody signs in with %(email)s."),
}
