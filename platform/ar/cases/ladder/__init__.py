"""Where each receivable stands on its ladder: candidates of a day, stored progress, reasons in words."""
