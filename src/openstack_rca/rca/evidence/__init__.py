"""What was found in the logs: findings, each against one component. May touch ``knowledge`` and ``vocabulary``."""
