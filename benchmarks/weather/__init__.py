"""The examiner of the storm warning: made-up weeks of community life whose truth is known."""
