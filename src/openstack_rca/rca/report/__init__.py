"""What is told: the report's data model, its sentences, its masking. May touch ``judgement`` and what lies below it."""
