-- As databases.sql, with sizes, for people: the served database and those that we made and keep beside it, a line each:
-- OID, name, bytes, whether it accepts connections, our comment on it. Variables: live.
-- after a swap that is at work, as one that a killed run left
SELECT pg_advisory_lock(7308613710003) \g /dev/null
SELECT oid, datname, pg_database_size(oid), datallowconn,
       CASE WHEN datname = :'live' THEN '' ELSE coalesce(shobj_description(oid, 'pg_database'), '') END
  FROM pg_database WHERE datname = :'live' OR datname ~ '^hummii_ops_(side|prev)_' ORDER BY datname <> :'live', datname;
