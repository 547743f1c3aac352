"""Runs and version numbers in MLflow: client, tracking, registry. May touch ``history`` and what lies below it."""
