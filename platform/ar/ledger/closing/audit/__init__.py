"""Examination of the books: the checks as SQL, and the record of every run."""
