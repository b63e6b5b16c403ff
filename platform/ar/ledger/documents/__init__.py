"""Documents entered by hand: drafts, validation, posting."""
