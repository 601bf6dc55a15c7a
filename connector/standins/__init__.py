"""Stand-in servers for cloud services: for the demo, for tests, and to try the connector without an account."""
