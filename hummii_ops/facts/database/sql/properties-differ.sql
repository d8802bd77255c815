-- The properties in which two databases differ, a line each; nothing if in none. Variables: live, side.
WITH each AS (
  SELECT datname, 'owner ' || pg_get_userbyid(datdba) AS property FROM pg_database
  UNION ALL SELECT datname, 'encoding ' || encoding || ' ' || datcollate || ' ' || datctype FROM pg_database
  UNION ALL SELECT datname, 'locale ' || concat_ws(' ', to_jsonb(d) ->> 'datlocprovider', to_jsonb(d) ->> 'daticulocale',
                                                    to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticurules')
              FROM pg_database d
  UNION ALL SELECT datname, 'tablespace ' || dattablespace FROM pg_database
  UNION ALL SELECT datname, 'right ' || grantee || ' ' || privilege_type || ' ' || is_grantable
              FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
  UNION ALL SELECT datname, 'setting ' || setrole || ' ' || setting
              FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS setting
)
(SELECT property FROM each WHERE datname = :'live' EXCEPT SELECT property FROM each WHERE datname = :'side')
UNION ALL
(SELECT property FROM each WHERE datname = :'side' EXCEPT SELECT property FROM each WHERE datname = :'live');
