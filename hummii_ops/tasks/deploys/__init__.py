"""Tasks before, after and in a deploy, most of them for a CI job."""
