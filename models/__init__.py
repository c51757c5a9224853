"""Labels texts in their thread: sentiment, initiator, kind, idea, toxic, spam, language."""
