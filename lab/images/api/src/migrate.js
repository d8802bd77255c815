'use strict';
// Applies prisma/migrations/*/migration.sql in order and records each in "_prisma_migrations" as `prisma migrate deploy` does.
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const log = require('./log');

const FOLDER = path.join(__dirname, '..', 'prisma', 'migrations');
const LOCK = 72707369; // Prisma's own advisory lock

const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum"              VARCHAR(64) NOT NULL,
  "finished_at"           TIMESTAMPTZ,
  "migration_name"        VARCHAR(255) NOT NULL,
  "logs"                  TEXT,
  "rolled_back_at"        TIMESTAMPTZ,
  "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`;

function shipped() {
  return fs
    .readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({ name, sql: fs.readFileSync(path.join(FOLDER, name, 'migration.sql'), 'utf8') }));
}

async function apply(client, { name, sql }) {
  const id = crypto.randomUUID();
  const checksum = crypto.createHash('sha256').update(sql).digest('hex');
  await client.query('INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ]);
  await client.query(sql);
  await client.query('UPDATE "_prisma_migrations" SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id]);
  log('info', 'migration applied', { migration: name });
}

async function migrate(pool) {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(TABLE);
    const { rows } = await client.query(
      'SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const applied = new Set(rows.map((row) => row.migration_name));
    for (const migration of shipped()) {
      if (!applied.has(migration.name)) await apply(client, migration);
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => {});
    client.release();
  }
}

module.exports = { migrate, FOLDER, LOCK };
