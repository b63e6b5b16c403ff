"""The books themselves: entries, open items, allocations, reversals, the period lock, as-of figures."""
