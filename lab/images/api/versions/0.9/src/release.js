'use strict';
// Release 0.9: an old one that no longer becomes healthy, to rehearse a rollback whose target fails.
module.exports = {
  version: '0.9',
  isHealthy: () => false,
  orderProblem: () => null,
};
