"""camt (ISO 20022): statements (053), intraday reports (052) and notifications (054), with their payments."""
