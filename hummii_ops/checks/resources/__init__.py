"""What a host and its containers use, and its limits."""
