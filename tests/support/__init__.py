"""What tests share: a database per worker, a fresh tenant per test, and the listener on tenant statements."""
