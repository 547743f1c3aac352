"""Door: configuration as the manual names it."""
