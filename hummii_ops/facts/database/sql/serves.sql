-- One read, and one write that is taken back.
SELECT 'read ' || count(*) FROM pg_class;
BEGIN;
CREATE TABLE hummii_ops_probe (n integer);
INSERT INTO hummii_ops_probe VALUES (1);
ROLLBACK;
