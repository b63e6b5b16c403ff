"""Tables of banks and payment services: CSV, XLSX, XLS and HTML exports, by their headers or by a person's mapping."""
