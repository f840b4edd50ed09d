import type { RouteName } from '@roundhouse/api';

/** Yes to all, yes to what the caller has made, no. */
export type Answer = 'y' | 'own' | '-';

/** In the order of the columns: admin, operator, user, viewer, auditor. */
export type Row = readonly [admin: Answer, operator: Answer, user: Answer, viewer: Answer, auditor: Answer];

export const ROLES = ['admin', 'operator', 'user', 'viewer', 'auditor'] as const;

/** Written by hand: a route that is added is decided upon here. `open` asks for no role. */
export const EXPECTED: Readonly<Record<RouteName, Row | 'open'>> = {
  livez: 'open',
  readyz: 'open',
  getOpenApi: 'open',
  whoAmI: 'open',
  canI: 'open',

  createSession: ['y', 'y', 'y', '-', '-'],
  listSessions: ['y', 'y', 'own', 'y', 'y'],
  getSession: ['y', 'y', 'own', 'y', 'y'],
  explainSession: ['y', 'y', 'own', 'y', 'y'],
  deleteSession: ['y', 'y', 'own', '-', '-'],
  getScreen: ['y', 'y', 'own', '-', '-'],
  getSnapshot: ['y', 'y', 'own', '-', '-'],
  sendInput: ['y', 'y', 'own', '-', '-'],
  suspendSession: ['y', 'y', 'own', '-', '-'],
  resumeSession: ['y', 'y', 'own', '-', '-'],
  migrateSession: ['y', 'y', 'own', '-', '-'],
  takeOverSession: ['y', 'y', '-', '-', '-'],
  listOperations: ['y', 'y', 'own', 'y', 'y'],
  getOperation: ['y', 'y', 'own', 'y', 'y'],

  listEndpoints: ['y', 'y', '-', 'y', 'y'],
  getEndpoint: ['y', 'y', '-', 'y', 'y'],
  getEndpointHealth: ['y', 'y', '-', 'y', 'y'],
  createEndpoint: ['y', 'y', '-', '-', '-'],
  putEndpoint: ['y', 'y', '-', '-', '-'],
  deleteEndpoint: ['y', 'y', '-', '-', '-'],
  drainEndpoint: ['y', 'y', '-', '-', '-'],
  listEndpointGroups: ['y', 'y', '-', 'y', 'y'],
  getEndpointGroup: ['y', 'y', '-', 'y', 'y'],
  createEndpointGroup: ['y', 'y', '-', '-', '-'],
  putEndpointGroup: ['y', 'y', '-', '-', '-'],
  deleteEndpointGroup: ['y', 'y', '-', '-', '-'],

  listRoles: ['y', '-', '-', 'y', 'y'],
  getRole: ['y', '-', '-', 'y', 'y'],
  createRole: ['y', '-', '-', '-', '-'],
  putRole: ['y', '-', '-', '-', '-'],
  deleteRole: ['y', '-', '-', '-', '-'],
  listPrincipals: ['y', '-', '-', '-', 'y'],
  getPrincipal: ['y', '-', '-', '-', 'y'],
  createPrincipal: ['y', '-', '-', '-', '-'],
  putPrincipal: ['y', '-', '-', '-', '-'],
  deletePrincipal: ['y', '-', '-', '-', '-'],
  listApiKeys: ['y', '-', '-', '-', 'y'],
  getApiKey: ['y', '-', '-', '-', 'y'],
  createApiKey: ['y', '-', '-', '-', '-'],
  putApiKey: ['y', '-', '-', '-', '-'],
  deleteApiKey: ['y', '-', '-', '-', '-'],

  listWebhooks: ['y', 'y', '-', 'y', 'y'],
  getWebhook: ['y', 'y', '-', 'y', 'y'],
  createWebhook: ['y', 'y', '-', '-', '-'],
  putWebhook: ['y', 'y', '-', '-', '-'],
  deleteWebhook: ['y', 'y', '-', '-', '-'],
  listDeliveries: ['y', 'y', '-', 'y', 'y'],
  getDelivery: ['y', 'y', '-', 'y', 'y'],
  listDeadLetters: ['y', 'y', '-', 'y', 'y'],
  replayDeliveries: ['y', 'y', '-', '-', '-'],
  testWebhook: ['y', 'y', '-', '-', '-'],
  streamEvents: ['y', 'y', '-', 'y', 'y'],

  getMetrics: ['y', 'y', '-', 'y', 'y'],
  exportMetrics: ['y', 'y', '-', 'y', 'y'],
  unlock: ['y', '-', '-', '-', '-'],
  getUsage: ['y', 'y', '-', 'y', 'y'],
  getConfiguration: ['y', 'y', '-', 'y', 'y'],
  listOverrides: ['y', 'y', '-', 'y', 'y'],
  putOverride: ['y', 'y', '-', '-', '-'],
  deleteOverride: ['y', 'y', '-', '-', '-'],
  reloadConfiguration: ['y', 'y', '-', '-', '-'],
  getLogLevels: ['y', 'y', '-', 'y', 'y'],
  putLogLevel: ['y', 'y', '-', '-', '-'],
};
