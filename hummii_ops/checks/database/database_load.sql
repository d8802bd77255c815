-- What PostgreSQL does now, a JSON object a line. Read only; nothing is reset. No ON_ERROR_STOP: what a server or a role
-- does not tell is left out, and said. Texts of statements come without their quoted values: those are customers'.
-- Limits come with the connection, so that no statement of ours but these is counted; these are left out.
SELECT /* hummii-ops */ json_build_object('what', 'connections', 'used', count(*), 'most', current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int)
  FROM pg_stat_activity WHERE backend_type = 'client backend';
SELECT /* hummii-ops */ json_build_object('what', 'state', 'state', state, 'wait', coalesce(wait_event_type, ''), 'n', count(*))
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()
 GROUP BY state, wait_event_type;
SELECT /* hummii-ops */ json_build_object('what', 'transaction', 'pid', pid, 'user', usename, 'application', application_name, 'state', state,
       'age_s', extract(epoch FROM clock_timestamp() - xact_start)::float8,
       'state_s', extract(epoch FROM clock_timestamp() - state_change)::float8,
       'query', left(regexp_replace(query, '''([^'']|'''')*''?', '''…''', 'g'), 160))
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database() AND xact_start IS NOT NULL
   AND application_name <> 'pg_dump' AND application_name NOT LIKE 'hummii-ops/%'
 ORDER BY xact_start LIMIT 20;
-- who waits, for how long, and at the end of the chain who has what they wait for
SELECT /* hummii-ops */ json_build_object('what', 'blocked', 'pid', waits.pid, 'waits_s', extract(epoch FROM clock_timestamp() - waits.query_start)::float8,
       'query', left(regexp_replace(waits.query, '''([^'']|'''')*''?', '''…''', 'g'), 160),
       'by', holds.pid, 'by_user', holds.usename, 'by_application', holds.application_name, 'by_state', holds.state,
       'by_age_s', extract(epoch FROM clock_timestamp() - holds.xact_start)::float8,
       'by_query', left(regexp_replace(holds.query, '''([^'']|'''')*''?', '''…''', 'g'), 160))
  FROM pg_stat_activity AS waits
 CROSS JOIN LATERAL unnest(pg_blocking_pids(waits.pid)) AS blocking(pid)
  LEFT JOIN pg_stat_activity AS holds ON holds.pid = blocking.pid
 WHERE waits.datname = current_database() AND waits.wait_event_type = 'Lock' LIMIT 100;
SELECT /* hummii-ops */ json_build_object('what', 'counters', 'commits', xact_commit, 'rollbacks', xact_rollback, 'deadlocks', deadlocks,
       'temp_bytes', temp_bytes, 'read', blks_read, 'hit', blks_hit, 'reset', stats_reset)
  FROM pg_stat_database WHERE datname = current_database();
SELECT /* hummii-ops */ json_build_object('what', 'scans', 'table', format('%I.%I', schemaname, relname), 'scans', seq_scan, 'rows', seq_tup_read)
  FROM pg_stat_user_tables WHERE seq_scan > 0 ORDER BY seq_tup_read DESC LIMIT 50;
SELECT /* hummii-ops */ count(*) = 1 AS has_statements, coalesce(min(quote_ident(nspname)), 'public') AS place
  FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace WHERE extname = 'pg_stat_statements' \gset
\if :has_statements
SELECT /* hummii-ops */ json_build_object('what', 'statement', 'id', queryid::text, 'calls', calls, 'ms', total_exec_time, 'rows', rows,
       -- of the stack: not a dump's, a migration's, or a look's at the catalog
       'theirs', query ~* '^\s*(select|with|insert|update|delete|merge)\M' AND query !~ '\mpg_[a-z]',
       'query', left(regexp_replace(regexp_replace(query, '''([^'']|'''')*''?', '''…''', 'g'), '\s+', ' ', 'g'), 160))
  FROM :place.pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL
   AND query NOT LIKE '%/* hummii-ops */%'
 ORDER BY total_exec_time DESC LIMIT 500;
SELECT /* hummii-ops */ json_build_object('what', 'statements', 'n', count(*)) FROM :place.pg_stat_statements;
SELECT /* hummii-ops */ json_build_object('what', 'statements-reset', 'at', max(stats_reset)) FROM :place.pg_stat_statements_info;
\endif
SELECT /* hummii-ops */ json_build_object('what', 'end', 'at', extract(epoch FROM clock_timestamp())::float8);
