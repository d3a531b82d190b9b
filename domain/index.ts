export * from './agent/index.js';
export * from './config/index.js';
