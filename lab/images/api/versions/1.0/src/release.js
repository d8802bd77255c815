'use strict';
// Release 1.0: the good one.
module.exports = {
  version: '1.0',
  isHealthy: (dependenciesAnswer) => dependenciesAnswer,
  orderProblem: () => null,
};
