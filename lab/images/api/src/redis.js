'use strict';
// What the demo asks of redis: one command, one answer. No client library: a health check and a switch need none.
const net = require('node:net');

const HOST = process.env.REDIS_HOST || 'redis';

// The first line of redis' answer to a command, '' when it did not answer in time.
function ask(command, limitMs) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: HOST, port: 6379 });
    const end = (answer) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(end, limitMs, '');
    socket.on('error', () => end(''));
    socket.on('connect', () => socket.write(`${command}\r\n`));
    socket.on('data', (data) => end(data.toString().split('\r\n')[0]));
  });
}

exports.ping = async (limitMs) => (await ask('PING', limitMs)) === '+PONG';

exports.isMember = async (set, word, limitMs) => (await ask(`SISMEMBER ${set} ${word}`, limitMs)) === ':1';
