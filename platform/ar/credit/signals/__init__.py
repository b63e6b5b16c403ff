"""Danger signals, computed and noted, and what was decided."""
