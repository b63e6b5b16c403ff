"""The portal: what a debtor sees and answers through a link, without an account."""
