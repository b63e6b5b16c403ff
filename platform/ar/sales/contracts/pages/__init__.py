"""Pages of quotations and contracts."""
