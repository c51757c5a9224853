"""The sample community: three invented weeks of an invented company, always the same."""
