"""Is this production ready for a rollback, should one be needed? Looks, and judges what was seen; changes nothing."""
