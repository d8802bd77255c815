'use strict';
const http = require('node:http');
const accounts = require('./accounts');
const breakage = require('./breakage');
const chat = require('./chat');
const { open } = require('./database');
const healthOf = require('./health');
const log = require('./log');
const { migrate } = require('./migrate');
const release = require('./release');
const routes = require('./routes');

const pool = open();
// A connection of its own: health is asked while customers wait for all the others.
const health = healthOf(open({ max: 1 }));
const BODY_LIMIT = 64 * 1024;

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT) throw new SyntaxError('body is too long');
  }
  return text === '' ? {} : JSON.parse(text);
}

async function answer(request) {
  const path = request.url.split('?')[0];
  if (request.method === 'GET' && path === '/api/health') {
    const { code, body } = await health();
    return [code, body];
  }
  const route = routes[`${request.method} ${path}`];
  if (!route) return [404, { error: 'not found' }];
  const user = accounts.userOf(request.headers.authorization);
  if (!route.open && user === null) return [401, { error: 'log in first' }];
  const body = (await bodyOf(request)) || {};
  return (await breakage.answerOf(route.flow)) || route.act(pool, body, user);
}

async function handle(request, response) {
  const started = performance.now();
  let code;
  let body;
  try {
    [code, body] = await answer(request);
  } catch (error) {
    const isTheirs = error instanceof SyntaxError;
    [code, body] = isTheirs ? [400, { error: 'body is not JSON' }] : [500, { error: 'internal error' }];
    if (!isTheirs) log('error', 'request failed', { error: error.message, path: request.url });
  }
  if (body === null) response.writeHead(code).end();
  else {
    const text = JSON.stringify(body);
    response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
  const elapsed = Math.round((performance.now() - started) * 10) / 10;
  const isPoll = request.url === '/api/health';
  log(isPoll ? 'debug' : 'info', 'request', { method: request.method, path: request.url, code, elapsed_ms: elapsed });
}

async function untilMigrated() {
  for (;;) {
    try {
      await migrate(pool);
      return;
    } catch (error) {
      log('warn', 'database is not ready', { error: error.message });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

process.on('SIGTERM', () => {
  log('info', 'stopping', { version: release.version });
  process.exit(0);
});

untilMigrated().then(() => {
  const server = http.createServer(handle);
  chat(server, pool);
  server.listen(3000, () => log('info', 'listening', { version: release.version }));
});
