"""Contracts that end soon: the list, what waits in the navigation, and the mail to who has to re-sign (R098)."""
