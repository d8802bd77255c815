'use strict';
// The chat: socket.io on the api's own server. Who is logged in sends `message`, and everyone else who is there gets it.
// One process knows its own customers only: with several replicas of api, a chat is cut into as many.
const { Server } = require('socket.io');
const accounts = require('./accounts');
const breakage = require('./breakage');
const log = require('./log');
const messages = require('./messages');

const roomOf = (user) => `user:${user}`;

// What the sender is told: the message's id, or what went wrong.
async function send(io, db, user, text) {
  try {
    const stored = await messages.store(db, text, user);
    if (stored === null) return { error: 'text is needed' };
    const isLost = await breakage.isBroken('chat');
    if (!isLost) io.except(roomOf(user)).emit('message', { id: stored.id, text: stored.text, from: user });
    return { id: stored.id };
  } catch (error) {
    log('error', 'message failed', { error: error.message });
    return { error: 'internal error' };
  }
}

module.exports = function chat(server, db) {
  const io = new Server(server, { serveClient: false });
  io.use((socket, next) => {
    const user = accounts.userOf(String(socket.handshake.auth.token || ''));
    if (user === null) return next(new Error('log in first'));
    socket.data.user = user;
    return next();
  });
  io.on('connection', (socket) => {
    const { user } = socket.data;
    socket.join(roomOf(user));
    socket.on('message', async (message, acknowledge) => {
      const said = await send(io, db, user, message && message.text);
      if (typeof acknowledge === 'function') acknowledge(said);
    });
  });
};
