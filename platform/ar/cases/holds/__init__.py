"""Collection holds: disputes, promises and pauses of chasing, placed and lifted."""
