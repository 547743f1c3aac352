"""Door: MLflow as the manual names it."""
