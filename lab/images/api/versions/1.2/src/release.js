'use strict';
// Release 1.2: healthy, with a bug that only customers see: of every ten orders the 3rd, 6th and 10th fail.
const FAILING = new Set([3, 6, 10]);

module.exports = {
  version: '1.2',
  isHealthy: (dependenciesAnswer) => dependenciesAnswer,
  orderProblem: (nthOrder) =>
    FAILING.has(((nthOrder - 1) % 10) + 1) ? 'order total is NaN: discount rule has no currency' : null,
};
