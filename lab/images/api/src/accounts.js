'use strict';
// Passwords (scrypt) and session tokens (a signed user id that ends after a day).
const crypto = require('node:crypto');

const DAY_MS = 24 * 60 * 60 * 1000;

exports.hash = function hash(password) {
  const salt = crypto.randomBytes(8).toString('hex');
  return `${salt}:${crypto.scryptSync(password, salt, 32, { N: 1024 }).toString('hex')}`;
};

exports.matches = function matches(password, stored) {
  const [salt, expected] = stored.split(':');
  const given = crypto.scryptSync(password, salt, 32, { N: 1024 });
  return crypto.timingSafeEqual(given, Buffer.from(expected, 'hex'));
};

const sign = (payload) => crypto.createHmac('sha256', process.env.JWT_SECRET).update(payload).digest('base64url');

exports.token = function token(userId) {
  const payload = Buffer.from(JSON.stringify({ sub: userId, exp: Date.now() + DAY_MS })).toString('base64url');
  return `${payload}.${sign(payload)}`;
};

exports.userOf = function userOf(authorization = '') {
  const [payload, signature] = authorization.replace(/^Bearer /, '').split('.');
  if (!signature || signature !== sign(payload)) return null;
  const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return exp > Date.now() ? sub : null;
};
