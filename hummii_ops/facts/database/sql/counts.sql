-- The rows of every table, a line each: N SCHEMA.TABLE, the names as pg_dump writes them. One snapshot.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT format('SELECT count(*) || %L FROM ONLY %s', ' ' || name, name)
  FROM (SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE relkind = 'r' AND relpersistence IN ('p', 'u') AND nspname !~ '^pg_' AND nspname <> 'information_schema') t
 ORDER BY name \gexec
COMMIT;
