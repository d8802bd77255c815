'use strict';
// The five flows of the shop: register, log in, order, chat, pay. Each takes (database, body, user) and answers [code, body].
const accounts = require('./accounts');
const log = require('./log');
const release = require('./release');

let orders = 0;

const isText = (value) => typeof value === 'string' && value.length > 0 && value.length <= 1000;

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
  const { rows } = await db.query(
    'SELECT id, item, quantity, created_at FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT 100',
    [user],
  );
  return [200, { orders: rows }];
}

async function sendMessage(db, { text }, user) {
  if (!isText(text)) return [400, { error: 'text is needed' }];
  const { rows } = await db.query('INSERT INTO messages (user_id, text) VALUES ($1, $2) RETURNING id, text', [user, text]);
  return [201, rows[0]];
}

async function listMessages(db, _body, user) {
  const { rows } = await db.query('SELECT id, text FROM messages WHERE user_id = $1 ORDER BY id DESC LIMIT 100', [user]);
  return [200, { messages: rows }];
}

async function pay(db, { order_id: order, amount_cents: amount }, user) {
  if (!Number.isInteger(order) || !Number.isInteger(amount) || amount < 1) return [400, { error: 'order or amount is wrong' }];
  const { rows } = await db.query(
    'INSERT INTO payments (order_id, amount_cents) SELECT id, $2 FROM orders WHERE id = $1 AND user_id = $3 RETURNING id',
    [order, amount, user],
  );
  return rows.length === 0 ? [404, { error: 'no such order' }] : [201, { id: rows[0].id, order_id: order }];
}

module.exports = {
  'POST /api/register': { act: register, open: true },
  'POST /api/login': { act: login, open: true },
  'POST /api/orders': { act: createOrder },
  'GET /api/orders': { act: listOrders },
  'POST /api/messages': { act: sendMessage },
  'GET /api/messages': { act: listMessages },
  'POST /api/payments': { act: pay },
};
