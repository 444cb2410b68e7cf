"""Hosts on Ray: where they are placed, which host gets which work, and what happens when a host fails."""
