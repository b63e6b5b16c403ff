"""The pure figures of a statement: opening, movements, closing, aging."""
