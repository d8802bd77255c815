'use strict';
// Release 1.4: healthy, with a migration that drops a column which its own code, and 1.0's, writes: every order fails.
module.exports = {
  version: '1.4',
  isHealthy: (dependenciesAnswer) => dependenciesAnswer,
  orderProblem: () => null,
};
