-- Where every sequence stands, a line each: VALUE true|false NAME, as a dump sets it.
SELECT format('SELECT last_value || %L || is_called::text || %L FROM %s', ' ', ' ' || name, name)
  FROM (SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE relkind = 'S' AND relpersistence IN ('p', 'u') AND nspname !~ '^pg_' AND nspname <> 'information_schema') s \gexec
