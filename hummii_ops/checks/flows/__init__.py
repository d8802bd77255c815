"""User flows: what a customer does, done over HTTP and sockets, judged, and cleaned up after.

A flow is a YAML file that a person reads and extends. It never runs where the inventory does not allow it.
"""
