-- Every partition that holds rows, and the table at the top that it belongs to, a line each: TOP, a tab, PARTITION.
SELECT quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || E'\t' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = pg_partition_root(c.oid) JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE c.relispartition AND c.relkind = 'r';
