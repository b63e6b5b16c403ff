"""Signing in: identity, passwords, welcome links, language."""
