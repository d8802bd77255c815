-- Tables that belong to an extension, a line each, named as pg_dump writes them: the extension fills them itself, and a
-- dump holds only those of their rows that it was told to (PostGIS).
SELECT quote_ident(nspname) || '.' || quote_ident(relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
 WHERE relkind = 'r';
