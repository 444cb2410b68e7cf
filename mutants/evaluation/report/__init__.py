"""The report: pages that need no server, and tables and chains for the terminal."""
