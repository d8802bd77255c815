"""Tasks on a run that exists: followed, resumed, taken back, looked at."""
