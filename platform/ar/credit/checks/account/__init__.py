"""The credit of one customer on one page: exposure, limits, stops of shipments, overrides, guarantees, requests."""
