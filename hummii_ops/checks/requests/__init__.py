"""Users' requests: how many, how long, how many fail, and what they need outside of the stack."""
