-- The statistics of a restored database, which no dump brings along.
-- Autovacuum, which comes to all that is new, lets go at once of what is waited for, not after a second each time.
SET deadlock_timeout = '50ms';
ANALYZE;
