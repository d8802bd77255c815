"""Tasks on what runs: rollback, and the releases that it can go back to."""
