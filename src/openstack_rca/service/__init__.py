"""The use cases. Command line, dashboard and doors call these modules and hold no logic of their own."""
