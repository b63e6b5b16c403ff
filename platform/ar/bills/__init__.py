"""Bills (应收票据): acceptances held, passed on, presented, honoured or dishonoured."""
