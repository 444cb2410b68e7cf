"""The report as a page that needs no server, and what the terminal shows of it."""
