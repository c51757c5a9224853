"""Door: the commands. Tables and exit codes, no logic."""
