"""The account card of one customer and currency: page, PDF, spreadsheet, and the receipt as a paper."""
