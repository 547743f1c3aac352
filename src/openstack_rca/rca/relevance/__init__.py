"""What fits the question: words, meaning, past incidents. May touch ``report`` and what lies below it."""
