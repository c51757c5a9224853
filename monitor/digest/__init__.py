"""Figures of a period turned into terminal, HTML, text, Markdown, Slack blocks and JSON. Pure."""
