"""A made-up electorate: honest people, odd crowds and those who cheat, with the truth beside."""
