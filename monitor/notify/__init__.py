"""Sends what the outbox holds: Slack, mail, the rest through Apprise."""
