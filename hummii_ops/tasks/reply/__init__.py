"""A run as its task carries it: its plan as people read it, what is told meanwhile, and its end as one document."""
