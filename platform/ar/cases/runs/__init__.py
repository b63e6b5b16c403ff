"""The daily run: what comes next for each receivable, its record, and its simulation ahead."""
