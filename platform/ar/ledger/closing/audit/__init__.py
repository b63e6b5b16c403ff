"""The examination of the books: each check as SQL, and the record of every run."""
