"""People of a company: invitations, roles, removal."""
