"""Tasks on what is kept and told: marks and holds, the report, follow-ups, messages."""
