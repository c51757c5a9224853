"""Access, erasure, retention and the record of processing."""
