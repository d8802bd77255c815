'use strict';
// Lab only: a flow that is in redis' set `lab:broken` is broken from the next request on, alone, until it is taken out.
// It is how tests see that a check of one flow tells that flow. A redis that does not answer breaks nothing.
const redis = require('./redis');

const LIMIT_MS = 1000;

// What a customer gets of a broken flow; a broken chat is in chat.js: acknowledged, and delivered to nobody.
const ANSWERS = {
  registration: [409, { error: 'email is taken' }],
  token: [200, { token: 'bm9ib2R5.unsigned' }],
  order: [500, { error: 'internal error' }],
  payment: [402, { error: 'Your card was declined.' }],
};

exports.isBroken = (flow) => redis.isMember('lab:broken', flow, LIMIT_MS);

exports.answerOf = async (flow) => (ANSWERS[flow] && (await exports.isBroken(flow)) ? ANSWERS[flow] : null);
