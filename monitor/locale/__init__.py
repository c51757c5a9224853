"""German and English: the message catalogue, and numbers and dates as each language writes them."""
