"""Bank movements in the books: what they are, statements and their chain, possible duplicates."""
