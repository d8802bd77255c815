'use strict';
// Payments: charged in test mode by the payment service, which is outside of the stack, and recorded here after.
const log = require('./log');

const LIMIT_MS = 5000;
const GOOD_CARD = 'pm_card_visa';

let client = null;

// Loaded at the first payment: the api is healthy a moment earlier without it.
function service() {
  if (client === null) {
    const Stripe = require('stripe');
    const { protocol, hostname, port } = new URL(process.env.STRIPE_API_BASE || 'http://100.100.0.1:8420');
    client = new Stripe(process.env.STRIPE_SECRET_KEY || 'sk_test_missing', {
      protocol: protocol.replace(':', ''),
      host: hostname,
      port: port || undefined,
      timeout: LIMIT_MS,
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }
  return client;
}

function charge(amount, card, order) {
  const wanted = { amount, currency: 'eur', payment_method: card, confirm: true, metadata: { order } };
  let timer;
  const limit = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([service().paymentIntents.create(wanted), limit]).finally(() => clearTimeout(timer));
}

async function pay(db, { order_id: order, amount_cents: amount, card = GOOD_CARD }, user) {
  if (!Number.isInteger(order) || !Number.isInteger(amount) || amount < 1) return [400, { error: 'order or amount is wrong' }];
  if (typeof card !== 'string') return [400, { error: 'card is wrong' }];
  const owned = await db.query('SELECT id FROM orders WHERE id = $1 AND user_id = $2', [order, user]);
  if (owned.rows.length === 0) return [404, { error: 'no such order' }];
  try {
    const intent = await charge(amount, card, order);
    if (intent.status !== 'succeeded') return [402, { error: `the payment is ${intent.status}` }];
  } catch (error) {
    if (error.statusCode === 402) return [402, { error: error.message }];
    if (error.statusCode === 400 || error.statusCode === 404) return [400, { error: 'the payment service knows no such card' }];
    log('error', 'payment service did not answer', { error: error.message });
    return [502, { error: 'the payment service does not answer' }];
  }
  const { rows } = await db.query('INSERT INTO payments (order_id, amount_cents) VALUES ($1, $2) RETURNING id', [order, amount]);
  return [201, { id: rows[0].id, order_id: order, status: 'succeeded' }];
}

async function listPayments(db, _body, user) {
  const { rows } = await db.query(
    'SELECT p.id, order_id, amount_cents FROM payments p JOIN orders o ON o.id = order_id WHERE user_id = $1 ' +
      'ORDER BY p.id DESC LIMIT 100',
    [user],
  );
  return [200, { payments: rows }];
}

module.exports = { pay, listPayments };
