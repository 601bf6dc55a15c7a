"""The demo: simulated rooms and a simulated bridge on loopback addresses, and the real daemon between them."""
