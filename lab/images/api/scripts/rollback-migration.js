'use strict';
// npm run prisma:migrate:rollback: undoes the newest applied migration by the down.sql beside it.
const fs = require('node:fs');
const path = require('node:path');
const { open } = require('../src/database');
const { FOLDER, LOCK } = require('../src/migrate');

async function main() {
  const pool = open();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const { rows } = await client.query(
      'SELECT id, migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ' +
        'ORDER BY migration_name DESC LIMIT 1',
    );
    if (rows.length === 0) throw new Error('no applied migration to roll back');
    const name = rows[0].migration_name;
    const file = path.join(FOLDER, name, 'down.sql');
    if (!fs.existsSync(file)) throw new Error(`this release has no ${name}/down.sql: use the release that applied it`);
    await client.query(fs.readFileSync(file, 'utf8'));
    await client.query('UPDATE "_prisma_migrations" SET rolled_back_at = now() WHERE id = $1', [rows[0].id]);
    await client.query('COMMIT');
    console.log(`rolled back ${name}`);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
    await pool.end();
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
