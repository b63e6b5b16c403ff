"""The journal page: events in words, filtered."""
