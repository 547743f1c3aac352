"""Doors for other programs: tools for agents by MCP, an HTTP API. They take requests apart, call ``service``, and answer."""
