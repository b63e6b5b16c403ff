"""A company's settings: letterhead, calendar, review mode."""
