"""What PostgreSQL is doing, and its limits."""
