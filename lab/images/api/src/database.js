'use strict';
const { Pool } = require('pg');
const log = require('./log');

exports.open = function open({ max = 8 } = {}) {
  const pool = new Pool({
    connectionString: process.env.DATABASE_URL,
    application_name: 'hummii-api',
    max,
    connectionTimeoutMillis: 2000,
  });
  pool.on('error', (error) => log('warn', 'idle database connection lost', { error: error.message }));
  return pool;
};
