"""GitHub: its API, asked within a deadline, and the files with which a job speaks to its runner."""
