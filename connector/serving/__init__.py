"""Listeners: what others call. Today the address for notifications of calendar services."""
