"""A report as text, JSON, Markdown, HTML or a plot. May touch ``report`` and ``vocabulary``."""
