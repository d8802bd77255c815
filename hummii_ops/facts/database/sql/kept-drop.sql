-- Drop one database that we made or set aside: by OID *and* name *and* comment, never what is served.
-- Variables: live, oid, name, comment.
SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', datname) FROM pg_database
 WHERE oid = :oid AND datname = :'name' AND datname <> :'live' AND datname ~ '^hummii_ops_(side|prev)_'
   AND shobj_description(oid, 'pg_database') = :'comment' \gexec
