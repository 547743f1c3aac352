"""What was done to versions, by whom, and the state that follows. May touch ``objects`` and ``records``."""
