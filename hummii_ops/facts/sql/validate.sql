-- What is wrong in a restored database, a line each; nothing if nothing is. It also gathers its statistics, which no
-- dump brings along. The extension that looks at the structure leaves with the transaction. Variables: deep (on, off).
ANALYZE;
SELECT 'an index is not valid: ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid;
SELECT 'a constraint is not valid: ' || conname || ' of ' || conrelid::regclass FROM pg_constraint WHERE NOT convalidated;
BEGIN;
SELECT format('CREATE EXTENSION IF NOT EXISTS %I', name) FROM pg_available_extensions WHERE name = 'amcheck' \gexec
SELECT set_config('hummii_ops.deep', :'deep', true) \g /dev/null
DO $$
DECLARE
  one record;
  highest bigint;
  last bigint;
BEGIN
  FOR one IN SELECT c.oid, c.oid::regclass AS name FROM pg_class c JOIN pg_am a ON a.oid = c.relam
              JOIN pg_index i ON i.indexrelid = c.oid
             WHERE c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND c.relpersistence = 'p'
               AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
  LOOP
    EXIT WHEN to_regprocedure('bt_index_check(regclass,boolean)') IS NULL;
    PERFORM bt_index_check(one.oid::regclass, current_setting('hummii_ops.deep')::boolean);
  END LOOP;
  FOR one IN SELECT d.refobjid::regclass AS name, d.objid::regclass AS sequence, a.attname AS field
               FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
               JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
              WHERE d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0
                AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  LOOP
    EXECUTE format('SELECT max(%I) FROM %s', one.field, one.name) INTO highest;
    EXECUTE format('SELECT last_value FROM %s', one.sequence) INTO last;
    IF highest > last THEN
      RAISE EXCEPTION 'the sequence % stands at %, and % goes up to %', one.sequence, last, one.name, highest;
    END IF;
  END LOOP;
END
$$;
ROLLBACK;
