'use strict';
// The one thing that the demo asks of redis: does it answer PING.
const net = require('node:net');

exports.ping = function ping(host, limitMs) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port: 6379 });
    const end = (answered) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(limitMs, () => end(false));
    socket.on('error', () => end(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (data) => end(data.toString().startsWith('+PONG')));
  });
};
