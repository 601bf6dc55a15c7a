"""What the daemon tells: structured logs, their event names, and the redaction every line goes through."""
