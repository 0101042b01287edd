"""Meta's templates: their rules, fetching, writing at Meta, filling; and our own message templates."""
