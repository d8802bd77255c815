'use strict';
// One JSON object a line on stdout; LOG_LEVEL=error keeps only errors.
const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 };
const floor = LEVELS[process.env.LOG_LEVEL] || LEVELS.info;

module.exports = function log(level, message, fields = {}) {
  if (LEVELS[level] < floor) return;
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
};
