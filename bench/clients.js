'use strict';
// Clients of the database, in its own network, run by the api's image: MODE=reader reads every 10 ms and prints "time
// newest" for each answer (ms since the epoch, the newest order); MODE=hostile COUNT=8 hold transactions and locks, half
// of them in sessions that they never leave, and reconnect at once whenever they are thrown out.
const { Client } = require('pg');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connected() {
  const client = new Client({ connectionString: process.env.DATABASE_URL, application_name: `bench-${process.env.MODE}` });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function read() {
  let client = null;
  for (;;) {
    const began = Date.now();
    try {
      client = client || (await connected());
      const { rows } = await client.query('SELECT max(id) AS newest FROM orders');
      process.stdout.write(`${Date.now()} ${rows[0].newest}\n`);
      await pause(Math.max(0, 10 - (Date.now() - began)));
    } catch {
      if (client) client.end().catch(() => {});
      client = null;
    }
  }
}

async function hold(number) {
  for (;;) {
    let client;
    try {
      client = await connected();
      const gone = new Promise((resolve) => client.once('end', resolve));
      do {
        await client.query('BEGIN');
        await client.query('SELECT FROM users WHERE id <= 3 ORDER BY id LIMIT 1 OFFSET $1 FOR NO KEY UPDATE SKIP LOCKED', [number % 3]);
        await Promise.race([pause(50 + Math.random() * 200), gone]);
        await client.query('ROLLBACK');
      } while (number % 2 === 0);
    } catch {
      // thrown out, or not let in: again
    }
    if (client) client.end().catch(() => {});
  }
}

if (process.env.MODE === 'reader') read();
else for (let number = 0; number < Number(process.env.COUNT); number += 1) hold(number);
