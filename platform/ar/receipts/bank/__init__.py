"""Bank accounts and bank files: upload, parsing, lines to match."""
