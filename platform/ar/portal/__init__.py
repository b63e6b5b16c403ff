"""The debtor's portal: a statement opened and answered through a link, without an account."""
