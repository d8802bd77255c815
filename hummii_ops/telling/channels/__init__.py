"""The ways to tell people. Only the process that delivers loads them."""
