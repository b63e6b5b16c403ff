"""Limits that were taken over: what waits for the general manager, as a page to read before deciding."""
