"""The pure decisions of cash: order of allocation, matching tiers, numbers mentioned in a text."""
