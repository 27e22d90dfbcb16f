"""Pure rules of accounts: no ORM, clock or network."""
