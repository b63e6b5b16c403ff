"""The books: entries, open items, allocations, reversals, the period lock, figures as of a date."""
