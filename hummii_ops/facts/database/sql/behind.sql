-- The sequences whose next value is in use already in the column that they are owned by, a line each in words.
SELECT format('SELECT format(%L, next, most) FROM (SELECT CASE WHEN is_called THEN last_value + %s ELSE last_value END AS next FROM %s) s, '
              '(SELECT %s(%I) AS most FROM %s) t WHERE next %s most',
              replace(format('%s is behind %s.%I: its next value is ', s.oid::regclass, t.oid::regclass, attname), '%', '%%')
                || '%s, and there is %s already',
              seqincrement, s.oid::regclass, CASE WHEN seqincrement > 0 THEN 'max' ELSE 'min' END, attname, t.oid::regclass,
              CASE WHEN seqincrement > 0 THEN '<=' ELSE '>=' END)
  FROM pg_sequence q JOIN pg_class s ON s.oid = seqrelid
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
  JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND attnum = d.refobjsubid
 WHERE NOT seqcycle AND atttypid = ANY ('{int2,int4,int8,numeric}'::regtype[]) \gexec
