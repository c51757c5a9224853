"""Schema of the store: one set of migrations a concern, applied in the order of `database.py`."""
