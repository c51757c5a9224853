"""Ideas, moderation, votes, audit and ledger. Pure."""
