"""Words of the monitor, one file a concern."""
