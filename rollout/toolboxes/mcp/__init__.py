"""Toolboxes that are MCP servers: their tools are the functions, and the server runs them."""
