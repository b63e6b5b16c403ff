"""Today: what is owed by age and what waits for somebody."""
