"""Pages of orders: the list, one order, its form, and what can be done with it."""
