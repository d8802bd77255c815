'use strict';
const { Pool } = require('pg');
const log = require('./log');

exports.open = function open() {
  const pool = new Pool({
    connectionString: process.env.DATABASE_URL,
    application_name: 'hummii-api',
    max: 8,
    connectionTimeoutMillis: 2000,
  });
  pool.on('error', (error) => log('warn', 'idle database connection lost', { error: error.message }));
  return pool;
};
