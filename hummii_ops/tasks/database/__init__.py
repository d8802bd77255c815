"""Tasks on the database: its backups, and a rollback to one of them."""
