-- Two contents of one shop: `old` is what is served when a case begins, the dump of `new` is what it goes back to.
CREATE ROLE hummii SUPERUSER LOGIN;
CREATE DATABASE seed_new OWNER hummii;
\connect seed_new hummii
CREATE TABLE _prisma_migrations (id text PRIMARY KEY, migration_name text, finished_at timestamptz, rolled_back_at timestamptz);
INSERT INTO _prisma_migrations VALUES ('1', '1_orders', '2026-01-01', NULL);
CREATE TABLE orders (id integer PRIMARY KEY, item text NOT NULL);
INSERT INTO orders SELECT n, 'item ' || n FROM generate_series(1, 2000) n;
\connect postgres postgres
CREATE DATABASE seed_old TEMPLATE seed_new OWNER hummii;
\connect seed_old hummii
INSERT INTO orders SELECT n, 'since ' || n FROM generate_series(2001, 2100) n;
\connect postgres postgres
CREATE DATABASE hummii TEMPLATE seed_old OWNER hummii;
