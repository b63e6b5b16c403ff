"""The daily run: proposes the steps due today, records them, and simulates days to come."""
