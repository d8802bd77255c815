-- How many objects there are of each kind, a line each: N KIND, the kinds as pg_dump's table of contents has them.
-- As pg_dump counts: without what an extension brought, what PostgreSQL makes for each partition by itself, and what
-- stands inside of a table's own definition (checks, not-null).
WITH relations AS (
  SELECT c.oid, relkind, relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relpersistence IN ('p', 'u')
     AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
), each AS (
  SELECT CASE relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'TABLE' WHEN 'f' THEN 'FOREIGN TABLE'
                      WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' END AS kind
    FROM relations
  UNION ALL SELECT 'ROW SECURITY' FROM relations WHERE relrowsecurity
  UNION ALL SELECT 'INDEX' FROM pg_index JOIN relations r ON r.oid = indrelid
             WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
  UNION ALL SELECT CASE contype WHEN 'f' THEN 'FK CONSTRAINT' ELSE 'CONSTRAINT' END
              FROM pg_constraint JOIN relations r ON r.oid = conrelid
             WHERE contype IN ('p', 'u', 'x') OR (contype = 'f' AND conparentid = 0)
  UNION ALL SELECT 'TRIGGER' FROM pg_trigger t JOIN relations r ON r.oid = tgrelid
              LEFT JOIN pg_trigger parent ON parent.oid = t.tgparentid
             WHERE (NOT t.tgisinternal AND t.tgparentid = 0) OR t.tgenabled <> parent.tgenabled
  UNION ALL SELECT 'POLICY' FROM pg_policy
  UNION ALL SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END
              FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
             WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
               AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype IN ('e', 'i'))
)
SELECT count(*) || ' ' || kind FROM each WHERE kind IS NOT NULL GROUP BY kind;
