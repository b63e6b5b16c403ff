"""Documents typed by hand: drafts, validation, posting."""
