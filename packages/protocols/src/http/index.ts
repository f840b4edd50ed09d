export * from './errors.ts';
export * from './message.ts';
export { problem } from './problem.ts';
export { createRouter, type Router } from './router/router.ts';
export type { HttpLimits, HttpServerOptions, UpgradeHook } from './server/options.ts';
export { serveHttp } from './server/serveHttp.ts';
