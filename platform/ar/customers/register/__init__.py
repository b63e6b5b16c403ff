"""The register of customers: list, form, contacts, owners, groups; search; who sees whom."""
