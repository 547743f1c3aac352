"""What is known before any log is read: signatures, the dependency graph, checks. May touch ``vocabulary`` only."""
