"""Defines the texts of the error codes of companies, people and settings."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "not_permitted": mark("Your role does not allow this."),
    "company_not_found": mark("There is no such company, or you do not belong to it."),
    "tenant_not_found": mark("There is no such company."),
    "person_not_found": mark("There is no such person in this company."),
    "slug_taken": mark("The short name “%(slug)s” is taken. Choose another."),
    "not_yourself": mark("You cannot remove yourself. Ask another administrator."),
    "last_admin": mark("The company would have no administrator left. Make somebody else one first."),
    "not_your_own_admin": mark("You cannot give up your own administration. Ask another administrator."),
    "calendar_day_not_found": mark("%(on)s is not one of the company's own days."),
    "person_removed": mark("This person was removed. Invite them again first."),
    "invitations_of_person": mark(
        "%(name)s has been sent %(most)s e-mails within the hour, the maximum. Wait, and check the spam folder."
    ),
    "invitations_of_company": mark(
        "Your company has sent %(most)s invitations and links within a day, the maximum. Continue tomorrow."
    ),
    "user_not_found": mark("Nobody signs in with %(email)s."),
}
