export { startDemoHost } from './demo/demoHost.ts';
export { serverError } from './errors.ts';
export { createLogger } from './log.ts';
export { createServer } from './server.ts';
export { readSettings, type Settings } from './settings.ts';
