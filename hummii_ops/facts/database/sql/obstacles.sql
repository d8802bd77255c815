-- What stands in the way of a swap, a line each; nothing if nothing does. Variables: live.
-- A slot, a subscription or a prepared transaction stays with the old database, by its OID; a dump or a migration at
-- work would keep the rename waiting, and with it every new connection.
SELECT 'there is no database ' || :'live' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'live');
SELECT 'the served database is the one named postgres: there is no other to work from' WHERE :'live' = 'postgres';
SELECT 'the server is a standby: it is in recovery' WHERE pg_is_in_recovery();
SELECT 'the role ' || rolname || ' is no superuser: it can neither restore extensions nor end other sessions'
  FROM pg_roles WHERE rolname = current_user AND NOT rolsuper;
SELECT 'the database does not accept connections: an earlier swap was cut, or someone fenced it'
  FROM pg_database WHERE datname = :'live' AND NOT datallowconn;
SELECT 'the database is a template' FROM pg_database WHERE datname = :'live' AND datistemplate;
SELECT 'a pg_dump is at work on it (pid ' || pid || ', since ' || date_trunc('second', backend_start) || ')'
  FROM pg_stat_activity WHERE datname = :'live' AND application_name = 'pg_dump';
-- 72707369 is the advisory lock of Prisma's migrations
SELECT 'a migration is at work: its lock is held by pid ' || pid
  FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369 AND granted
   AND database = (SELECT oid FROM pg_database WHERE datname = :'live');
SELECT 'it has a prepared transaction: ' || gid FROM pg_prepared_xacts WHERE database = :'live';
SELECT 'it has a logical replication slot: ' || slot_name FROM pg_replication_slots WHERE database = :'live';
SELECT 'it has a subscription: ' || subname
  FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = :'live');
SELECT 'it has a security label of ' || provider
  FROM pg_shseclabel WHERE classoid = 'pg_database'::regclass
   AND objoid = (SELECT oid FROM pg_database WHERE datname = :'live');
