"""Tasks that look, and change nothing: status, verify, diagnose, monitor, flows."""
