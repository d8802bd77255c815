"""One request from here and its answer, within a limit."""
