export * from './errors.ts';
export * from './message.ts';
export { problem } from './problem.ts';
export { createRouter, type Router } from './router/router.ts';
export type { HttpLimits, HttpServerOptions, UpgradeHook } from './server/options.ts';
export { serveHttp } from './server/serveHttp.ts';
export { accessLog } from './middleware/accessLog.ts';
export { authenticate, type AuthenticateOptions, type Credentials } from './middleware/authenticate.ts';
export { bodyLimit } from './middleware/bodyLimit.ts';
export { compress, type CompressOptions } from './middleware/compress.ts';
export { cors, type CorsOptions } from './middleware/cors.ts';
export { rateLimit, type RateLimitOptions } from './middleware/rateLimit.ts';
export { requestId, type RequestIdOptions, requestIdNote } from './middleware/requestId.ts';
export { staticFiles, type StaticFilesOptions } from './middleware/staticFiles.ts';
export { timeLimit } from './middleware/timeLimit.ts';
export {
  createHttpClient,
  type HttpClient,
  type HttpClientOptions,
  type HttpRequestOptions,
  type HttpResult,
} from './client/client.ts';
export { connectHttp, type HttpConnectOptions, type HttpVersionName } from './client/connect.ts';
export type { HttpClientResponse, HttpConnection, OutgoingRequest } from './client/contract.ts';
export type { HttpPoolOptions } from './client/pool.ts';
