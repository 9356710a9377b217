/** What is loaded when a command has to talk to Redis itself, and not before. */
export { connectBriefly, connectRedis } from './connection.js'
export { RedisStore } from './store.js'
export { validatorQuestions } from './validator.js'
