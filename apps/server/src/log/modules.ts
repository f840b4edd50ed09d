/** Parts of the server that can have a level of their own; each names itself with `log.child({ module })`. */
export const LOG_MODULES = [
  'api',
  'authentication',
  'configuration',
  'diagnosis',
  'endpoints',
  'events',
  'frontDoor',
  'limits',
  'metrics',
  'server',
  'sessions',
  'store',
  'tls',
  'tn3270',
  'trace',
  'webhooks',
] as const;
