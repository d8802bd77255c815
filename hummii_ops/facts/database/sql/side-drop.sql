-- Drop what this run made beside: by its name, which is of this run alone, and by its comment (none yet, if the run was
-- cut right after making it). Variables: side, run.
SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', datname) FROM pg_database
 WHERE datname = :'side'
   AND coalesce(shobj_description(oid, 'pg_database'), 'hummii-ops side ' || :'run') = 'hummii-ops side ' || :'run' \gexec
SELECT datname FROM pg_database WHERE datname = :'side';
