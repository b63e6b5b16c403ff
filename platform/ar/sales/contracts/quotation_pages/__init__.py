"""Pages of quotations: the list, one quotation, its form, its approval."""
