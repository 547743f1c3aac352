"""Who is to blame: attribution, shared dependencies, ranking. May touch ``evidence`` and what lies below it."""
