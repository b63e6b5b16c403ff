"""The weekly debt list by mail: who owes what, per salesperson."""
