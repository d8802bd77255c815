'use strict';
// Release 1.1: broken at once; its health is 503 whatever its dependencies say.
module.exports = {
  version: '1.1',
  isHealthy: () => false,
  orderProblem: () => null,
};
