"""Drivers for room systems. Knows endpoints and nothing of the daemon that uses them."""
