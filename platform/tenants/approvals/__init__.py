"""Approvals: what one person may ask for and only others may decide, step by step, with reasons that stay."""
