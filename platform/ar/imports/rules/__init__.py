"""Pure rules of imports: how cells and rows are parsed, and which system a file is of."""
