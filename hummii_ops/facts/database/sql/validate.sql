-- What is wrong in a restored database, a line each; nothing if nothing is. The extension that looks at the structure
-- leaves with the transaction. Variables: deep (on, off).
-- of a partitioned one that lacks a partition pg_dump makes it so: that is no fault of the backup
SELECT 'an index is not valid: ' || indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indexrelid
 WHERE NOT indisvalid AND c.relkind = 'i';
BEGIN;
SELECT 'CREATE EXTENSION amcheck' FROM pg_available_extensions WHERE name = 'amcheck' AND installed_version IS NULL \gexec
SELECT set_config('hummii_ops.deep', :'deep', true) \g /dev/null
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT c.oid, c.oid::regclass AS name FROM pg_class c JOIN pg_am a ON a.oid = c.relam
              JOIN pg_index i ON i.indexrelid = c.oid
             WHERE c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND c.relpersistence = 'p'
               AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
  LOOP
    EXIT WHEN to_regprocedure('bt_index_check(regclass,boolean)') IS NULL;
    PERFORM bt_index_check(one.oid::regclass, current_setting('hummii_ops.deep')::boolean);
  END LOOP;
END
$$;
ROLLBACK;
