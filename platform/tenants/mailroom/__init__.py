"""The mailroom: e-mails of which nobody knows whether they arrived, until a person says so."""
