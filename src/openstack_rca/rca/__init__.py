"""From scores and an issue to ranked causes and a report."""
