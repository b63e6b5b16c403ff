"""A person's own account: where they are signed in, their password, and what they are told about both."""
