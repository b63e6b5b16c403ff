"""Bank accounts and bank files: upload, parsing, lines that wait."""
