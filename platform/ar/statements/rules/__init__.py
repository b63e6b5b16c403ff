"""Pure rules of statements' figures: opening, movements, closing, aging."""
