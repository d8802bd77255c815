"""Tasks that set a server and its inventory up."""
