'use strict';
// Messages: stored for their sender, by HTTP or by the chat, and listed for their sender.
const isText = (value) => typeof value === 'string' && value.length > 0 && value.length <= 1000;

// The stored message; null when the text is none.
async function store(db, text, user) {
  if (!isText(text)) return null;
  const { rows } = await db.query('INSERT INTO messages (user_id, text) VALUES ($1, $2) RETURNING id, text', [user, text]);
  return rows[0];
}

async function sendMessage(db, { text }, user) {
  const stored = await store(db, text, user);
  return stored === null ? [400, { error: 'text is needed' }] : [201, stored];
}

async function listMessages(db, _body, user) {
  const { rows } = await db.query('SELECT id, text FROM messages WHERE user_id = $1 ORDER BY id DESC LIMIT 100', [user]);
  return [200, { messages: rows }];
}

module.exports = { isText, store, sendMessage, listMessages };
