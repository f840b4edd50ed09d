export { type DemoHost, type DemoHostOptions, startDemoHost } from './demo/demoHost.ts';
export { serverError } from './errors.ts';
export { createLogger, type LogLevel } from './log.ts';
export { createServer, type Server, type ServerDependencies, type ServerOptions } from './server.ts';
export type { OpenSession } from './sessions/open.ts';
export { type Environment, readHome, readPort, readSettings, type Settings } from './settings.ts';
