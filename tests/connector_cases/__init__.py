"""One small make-believe server per platform, for the contract of connectors."""
