'use strict';
// Healthy: PostgreSQL answers a query and redis a ping. The look is kept for half a second, so that polling is cheap.
const redis = require('./redis');
const release = require('./release');

const KEEP_MS = 500;
const LIMIT_MS = 1500;

module.exports = function healthOf(pool) {
  let look = null;
  let lookedAt = -Infinity;

  async function dependenciesAnswer() {
    const limit = new Promise((resolve) => setTimeout(resolve, LIMIT_MS, false).unref());
    const database = pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
    const answers = await Promise.all([
      Promise.race([database, limit]),
      redis.ping(LIMIT_MS),
    ]);
    return answers.every(Boolean);
  }

  return async function health() {
    if (performance.now() - lookedAt > KEEP_MS) {
      lookedAt = performance.now();
      look = dependenciesAnswer();
    }
    const healthy = release.isHealthy(await look);
    return { code: healthy ? 200 : 503, body: { status: healthy ? 'ok' : 'unhealthy', version: release.version } };
  };
};
