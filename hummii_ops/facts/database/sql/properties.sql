-- What follows a database's OID and not its name, as statements on another: owner, rights, settings. Run before a swap.
-- Variables: live, side.
SELECT format('ALTER DATABASE %I OWNER TO %I', :'side', pg_get_userbyid(datdba)) FROM pg_database WHERE datname = :'live' \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'side') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM %I', :'side', pg_get_userbyid(datdba)) FROM pg_database WHERE datname = :'live' \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s%s', privilege_type, :'side',
              CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = :'live' \gexec
-- a list is kept as it is written; anything else is one value
SELECT format('ALTER %s SET %I = %s',
              CASE setrole WHEN 0 THEN format('DATABASE %I', :'side')
                           ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'side') END,
              split_part(setting, '=', 1),
              CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
                   THEN substr(setting, strpos(setting, '=') + 1)
                   ELSE quote_literal(substr(setting, strpos(setting, '=') + 1)) END)
  FROM pg_db_role_setting, unnest(setconfig) AS setting
 WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = :'live') \gexec
