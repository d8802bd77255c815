"""Status pages: what the public sees of an incident."""
