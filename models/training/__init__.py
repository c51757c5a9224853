"""Builds the shipped weights from data and texts; nothing here runs in the product."""
