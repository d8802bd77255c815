-- Serve one database instead of another, by OID: fence both, end their sessions, exchange the names in one transaction.
-- It can be taken up again after any cut: names and fences are brought about from what they are.
-- Variables: live (the name that is served), new, old (OIDs), aside (the name that the old one then bears), mark (the
-- comment that tells whose it is).
-- One at a time, and nobody asks meanwhile who is served: what a killed run left at work ends first.
SELECT pg_advisory_lock(7308613710003) \g /dev/null
SET synchronous_commit = on;
-- RENAME naps a tenth of a second when it still sees a client that is being turned away. This timer wakes it after 2 ms
-- (since 14; nothing else happens when it rings). Fifty such naps are soon over: whoever runs this tries again.
SELECT set_config(name, '2ms', false) FROM pg_settings WHERE name = 'client_connection_check_interval' \g /dev/null
SELECT set_config('hummii_ops.both', :'new' || ',' || :'old', false),
       set_config('hummii_ops.began', clock_timestamp()::text, false) \g /dev/null
-- what bears the name already needs no exchange: it is let in again before anything that could wait or fail
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', datname)
  FROM pg_database WHERE oid = :new AND datname = :'live' AND NOT datallowconn \gexec
DO $$
BEGIN
  IF (SELECT count(*) FROM pg_database WHERE oid = ANY (string_to_array(current_setting('hummii_ops.both'), ',')::oid[])) <> 2 THEN
    RAISE EXCEPTION 'one of the two databases is gone';
  END IF;
END
$$;
BEGIN; -- both fences by one write to the disk
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS false', datname)
  FROM pg_database WHERE oid IN (:new, :old) AND datallowconn AND NOT (oid = :new AND datname = :'live') \gexec
COMMIT;
DO $$
DECLARE
  deadline timestamptz := clock_timestamp() + interval '10 seconds';
BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    -- all at once, then wait for them together: one after another would take a tenth of a second each
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      JOIN pg_database d ON d.oid = datid
     WHERE datid = ANY (string_to_array(current_setting('hummii_ops.both'), ',')::oid[]) AND NOT datallowconn;
    EXIT WHEN NOT FOUND;
    IF clock_timestamp() > deadline THEN
      RAISE EXCEPTION 'sessions on the database do not end';
    END IF;
    PERFORM pg_sleep(0.005);
  END LOOP;
END
$$;
BEGIN;
SET LOCAL lock_timeout = '2s';
SELECT format('COMMENT ON DATABASE %I IS %L', n.datname, shobj_description(l.oid, 'pg_database')),
       format('ALTER DATABASE %I WITH CONNECTION LIMIT %s', n.datname, l.datconnlimit)
  FROM pg_database n, pg_database l WHERE n.oid = :new AND l.datname = :'live' AND l.oid <> n.oid \gexec
SELECT format('ALTER DATABASE %I RENAME TO %I', datname, :'aside') FROM pg_database WHERE oid = :old AND datname <> :'aside' \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', :'aside', :'mark') \gexec
SELECT format('ALTER DATABASE %I RENAME TO %I', datname, :'live') FROM pg_database WHERE oid = :new AND datname <> :'live' \gexec
SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', :'live') \gexec
COMMIT;
SELECT 'ms=' || round(extract(epoch FROM clock_timestamp() - current_setting('hummii_ops.began')::timestamptz) * 1000);
