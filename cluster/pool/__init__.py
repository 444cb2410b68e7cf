"""Hosts on Ray: where they are placed, which one gets which work, and what happens when one fails."""
