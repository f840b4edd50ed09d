export { startDemoHost } from './demo/demoHost.ts';
export { serverError } from './errors.ts';
export { createLogger } from './log.ts';
export { createServer, type Server } from './server.ts';
export type { FrontDoorOptions } from '@roundhouse/sessions';
export { readSettings, type Settings } from './settings.ts';
