-- An empty database of the run's own, with the encoding, the locale, the owner and the tablespace of the served one.
-- Only a superuser gets into it. Variables: live, side, run.
SELECT format('CREATE DATABASE %I TEMPLATE template0 CONNECTION LIMIT 0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L TABLESPACE %I',
              :'side', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, spcname)
    -- the provider of the locale has a name since 15, and is never left to the cluster's own
    || CASE to_jsonb(d) ->> 'datlocprovider'
         WHEN 'c' THEN ' LOCALE_PROVIDER libc'
         WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
         WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
         ELSE '' END
    || coalesce(' ICU_RULES ' || quote_literal(to_jsonb(d) ->> 'daticurules'), '')
  FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE datname = :'live' \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', :'side', 'hummii-ops side ' || :'run') \gexec
SELECT 'live=' || oid FROM pg_database WHERE datname = :'live';
SELECT 'side=' || oid FROM pg_database WHERE datname = :'side';
