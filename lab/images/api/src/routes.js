'use strict';
// The five flows of the shop: register, log in, order, chat, pay. Each takes (database, body, user) and answers [code, body].
const accounts = require('./accounts');
const log = require('./log');
const { isText, sendMessage, listMessages } = require('./messages');
const { pay, listPayments } = require('./payments');
const release = require('./release');

let orders = 0;

const ORDERS = 'SELECT id, item, quantity, created_at FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT 100';

async function register(db, { email, password }) {
  if (!isText(email) || !isText(password)) return [400, { error: 'email and password are needed' }];
  const { rows } = await db.query(
    'INSERT INTO users (email, password_hash) VALUES ($1, $2) ON CONFLICT (email) DO NOTHING RETURNING id',
    [email, accounts.hash(password)],
  );
  return rows.length === 0 ? [409, { error: 'email is taken' }] : [201, { id: rows[0].id, email }];
}

async function login(db, { email, password }) {
  const { rows } = await db.query('SELECT id, password_hash FROM users WHERE email = $1', [String(email)]);
  if (rows.length === 0 || !accounts.matches(String(password), rows[0].password_hash)) {
    return [401, { error: 'wrong email or password' }];
  }
  return [200, { token: accounts.token(rows[0].id) }];
}

async function createOrder(db, { item, quantity = 1 }, user) {
  if (!isText(item) || !Number.isInteger(quantity) || quantity < 1) return [400, { error: 'item or quantity is wrong' }];
  orders += 1;
  const problem = release.orderProblem(orders);
  if (problem) {
    log('error', problem, { code: 'ORDER_TOTAL', user });
    return [500, { error: 'internal error' }];
  }
  const { rows } = await db.query(
    'INSERT INTO orders (user_id, item, quantity) VALUES ($1, $2, $3) RETURNING id, item, quantity, created_at',
    [user, item, quantity],
  );
  return [201, rows[0]];
}

async function listOrders(db, _body, user) {
  const { rows } = await db.query(release.ordersQuery || ORDERS, [user]);
  return [200, { orders: rows }];
}

// A customer goes, with all that is theirs: what tests leave behind can be taken away again.
async function leave(db, _body, user) {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    await client.query('DELETE FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = $1)', [user]);
    await client.query('DELETE FROM messages WHERE user_id = $1', [user]);
    await client.query('DELETE FROM orders WHERE user_id = $1', [user]);
    await client.query('DELETE FROM users WHERE id = $1', [user]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
  return [204, null];
}

// `flow` is what the lab can break alone (breakage.js).
module.exports = {
  'POST /api/register': { act: register, open: true, flow: 'registration' },
  'POST /api/login': { act: login, open: true, flow: 'token' },
  'DELETE /api/me': { act: leave },
  'POST /api/orders': { act: createOrder, flow: 'order' },
  'GET /api/orders': { act: listOrders },
  'POST /api/messages': { act: sendMessage },
  'GET /api/messages': { act: listMessages },
  'POST /api/payments': { act: pay, flow: 'payment' },
  'GET /api/payments': { act: listPayments },
};
