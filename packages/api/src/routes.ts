import type { z } from 'zod';
import { API_KEY, apiKeyListSchema, apiKeyPutSchema, newApiKeySchema } from './apiKey.ts';
import {
  complianceQuerySchema,
  complianceReportSchema,
  complianceRulesSchema,
  OSCAL_MEDIA_TYPE,
} from './compliance.ts';
import {
  configurationSchema,
  overrideInputSchema,
  overrideListSchema,
  overrideQuerySchema,
  reloadPlanSchema,
  reloadSchema,
} from './configuration.ts';
import { drainSchema, ENDPOINT, endpointHealthSchema, endpointListSchema, endpointPutSchema } from './endpoint.ts';
import { ENDPOINT_GROUP, endpointGroupListSchema, endpointGroupPutSchema } from './endpointGroup.ts';
import { AUDIT_ROUTES } from './auditRoutes.ts';
import { MAIL_ROUTES } from './mailRoutes.ts';
import { canIQuerySchema, canISchema, identitySchema, unlockedSchema, unlockSchema } from './identity.ts';
import { PRINCIPAL, principalListSchema, principalPutSchema } from './principal.ts';
import { resourceRoutes } from './resource.ts';
import { ROLE, roleListSchema, rolePutSchema } from './role.ts';
import {
  logLevelSchema,
  logLevelsSchema,
  logModuleParamsSchema,
  metricsExportSchema,
  metricsQuerySchema,
  usageSchema,
} from './observation.ts';
import {
  deliveriesQuerySchema,
  deliveryListSchema,
  deliveryParamsSchema,
  deliverySchema,
  newWebhookSchema,
  replayedSchema,
  replaySchema,
  WEBHOOK,
  webhookListSchema,
  webhookPutSchema,
} from './webhook.ts';
import { eventsQuerySchema } from './event.ts';
import { explanationSchema } from './explain.ts';
import { inputSchema } from './input.ts';
import { migrateSchema, operationListSchema, operationSchema, suspendSchema, takeoverSchema } from './operation.ts';
import type { Permission } from './permission.ts';
import { inputResultSchema, screenCellsSchema, screenQuerySchema, screenSchema } from './screen.ts';
import {
  createSessionSchema,
  listSessionsQuerySchema,
  sessionListSchema,
  sessionParamsSchema,
  sessionSchema,
} from './session.ts';
import { snapshotSchema } from './snapshot.ts';
import { healthSchema, openApiSchema } from './system.ts';
import { WORKER_ROUTES } from './worker/routes.ts';

/** One operation of the API: the server registers it, the OpenAPI document describes it, the client calls it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  /** What the caller must be allowed to do; `authenticated`: nothing more; `none`: it answers anybody. */
  readonly permission: Permission | 'authenticated' | 'none';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** A request without a body means an empty object. */
  readonly bodyOptional?: true;
  readonly success: RouteSuccess;
  /** Codes that callers meet besides those of every route. Documentation: a server may raise more. */
  readonly problems?: readonly string[];
}

export interface RouteSuccess {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** By media type; `text` for bodies without a schema. */
  readonly content?: Readonly<Record<string, z.ZodType | 'text'>>;
}

const JSON_TYPE = 'application/json';

/** An answer that comes before the work is done. */
function accepted(description: string) {
  return { status: 202, description, content: { [JSON_TYPE]: operationSchema } } as const;
}

export const ROUTES = {
  livez: {
    method: 'GET',
    path: '/livez',
    summary: 'Whether the process runs',
    permission: 'none',
    success: { status: 200, description: 'It runs.', content: { [JSON_TYPE]: healthSchema } },
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether requests are taken',
    permission: 'none',
    success: { status: 200, description: 'They are.', content: { [JSON_TYPE]: healthSchema } },
    problems: ['SHUTTING_DOWN'],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    permission: { verb: 'get', kind: 'metrics' },
    summary: 'Figures for Prometheus',
    success: { status: 200, description: 'Text exposition format 0.0.4.', content: { 'text/plain': 'text' } },
  },
  getOpenApi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    permission: 'authenticated',
    summary: 'This document',
    success: { status: 200, description: 'OpenAPI 3.1.', content: { [JSON_TYPE]: openApiSchema } },
  },
  createSession: {
    method: 'POST',
    path: '/api/v1/sessions',
    permission: { verb: 'create', kind: 'session' },
    summary: 'Open a session to a host',
    body: createSessionSchema,
    success: {
      status: 201,
      description: 'The session; `Location` has its address.',
      content: { [JSON_TYPE]: sessionSchema },
    },
    problems: [
      'SESSION_LIMIT_REACHED',
      'MODEL_UNKNOWN',
      'CODE_PAGE_UNKNOWN',
      'HOST_SILENT',
      'TN3270E_REJECTED',
      'GROUP_NOT_FOUND',
    ],
  },
  listSessions: {
    method: 'GET',
    path: '/api/v1/sessions',
    permission: { verb: 'list', kind: 'session' },
    summary: 'List sessions, oldest first',
    query: listSessionsQuerySchema,
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: sessionListSchema } },
  },
  getSession: {
    method: 'GET',
    path: '/api/v1/sessions/{id}',
    permission: { verb: 'get', kind: 'session' },
    summary: 'Show a session',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The session.', content: { [JSON_TYPE]: sessionSchema } },
    problems: ['SESSION_NOT_FOUND'],
  },
  deleteSession: {
    method: 'DELETE',
    path: '/api/v1/sessions/{id}',
    permission: { verb: 'delete', kind: 'session' },
    summary: 'Close a session',
    params: sessionParamsSchema,
    success: { status: 204, description: 'It is closed and forgotten.' },
    problems: ['SESSION_NOT_FOUND'],
  },
  getScreen: {
    method: 'GET',
    path: '/api/v1/sessions/{id}/screen',
    permission: { verb: 'read', kind: 'session' },
    summary: 'Read the screen, at once or when it is newer than a version',
    params: sessionParamsSchema,
    query: screenQuerySchema,
    success: {
      status: 200,
      description: 'The screen in the format asked for: `json` and `cells` are JSON.',
      content: { [JSON_TYPE]: screenSchema.or(screenCellsSchema), 'text/plain': 'text', 'text/html': 'text' },
    },
    problems: ['SESSION_NOT_FOUND', 'SESSION_NOT_READY', 'SESSION_CLOSED', 'WAITERS_LIMIT_REACHED'],
  },
  sendInput: {
    method: 'POST',
    path: '/api/v1/sessions/{id}/input',
    permission: { verb: 'input', kind: 'session' },
    summary: 'Type, press keys, and wait for the answer',
    params: sessionParamsSchema,
    body: inputSchema,
    success: {
      status: 200,
      description: 'The screen after the wait.',
      content: { [JSON_TYPE]: inputResultSchema },
    },
    problems: [
      'SESSION_NOT_FOUND',
      'SESSION_NOT_READY',
      'SESSION_CLOSED',
      'TOO_MANY_ACTIONS',
      'INPUT_BUSY',
      'KEYBOARD_LOCKED',
      'FIELD_PROTECTED',
      'FIELD_NUMERIC',
      'FIELD_OVERFLOW',
      'POSITION_INVALID',
      'KEY_UNAVAILABLE',
      'SESSION_SUSPENDED',
      'WAIT_TIMEOUT',
    ],
  },
  suspendSession: {
    method: 'POST',
    path: '/api/v1/sessions/{id}/suspend',
    permission: { verb: 'suspend', kind: 'session' },
    summary: 'Keep the connection, refuse input',
    params: sessionParamsSchema,
    body: suspendSchema,
    bodyOptional: true,
    success: accepted('The operation; it is done already.'),
    problems: ['SESSION_NOT_FOUND', 'SESSION_CLOSED', 'SESSION_NOT_READY', 'SESSION_SUSPENDED', 'SESSION_MIGRATING'],
  },
  resumeSession: {
    method: 'POST',
    path: '/api/v1/sessions/{id}/resume',
    permission: { verb: 'suspend', kind: 'session' },
    summary: 'Take input again',
    params: sessionParamsSchema,
    success: accepted('The operation; it is done already.'),
    problems: ['SESSION_NOT_FOUND', 'SESSION_CLOSED', 'SESSION_NOT_READY', 'SESSION_NOT_SUSPENDED'],
  },
  migrateSession: {
    method: 'PUT',
    path: '/api/v1/sessions/{id}/migrate',
    permission: { verb: 'migrate', kind: 'session' },
    summary: 'Move a session to another host',
    params: sessionParamsSchema,
    body: migrateSchema,
    success: accepted('The operation, which goes on.'),
    problems: [
      'SESSION_NOT_FOUND',
      'SESSION_CLOSED',
      'SESSION_NOT_READY',
      'SESSION_MIGRATING',
      'ENDPOINT_NOT_FOUND',
      'MIGRATION_SAME_ENDPOINT',
      'MIGRATION_NEEDS_SCRIPT',
    ],
  },
  takeOverSession: {
    method: 'POST',
    path: '/api/v1/sessions/{id}/takeover',
    permission: { verb: 'take_over', kind: 'session' },
    summary: 'A ticket with which a terminal emulator gets this session at the front door',
    params: sessionParamsSchema,
    success: {
      status: 201,
      description: 'The ticket; it is good for a minute and for one terminal.',
      content: { [JSON_TYPE]: takeoverSchema },
    },
    problems: ['SESSION_NOT_FOUND', 'SESSION_NOT_READY'],
  },
  getSnapshot: {
    method: 'GET',
    path: '/api/v1/sessions/{id}/snapshot',
    permission: { verb: 'read', kind: 'session' },
    summary: 'The screen as a document that can be kept; hidden fields are masked',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The snapshot.', content: { [JSON_TYPE]: snapshotSchema } },
    problems: ['SESSION_NOT_FOUND', 'SESSION_NOT_READY', 'SESSION_CLOSED'],
  },
  explainSession: {
    method: 'GET',
    path: '/api/v1/sessions/{id}/explain',
    permission: { verb: 'get', kind: 'session' },
    summary: 'Why the session is where it is',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The decision.', content: { [JSON_TYPE]: explanationSchema } },
    problems: ['SESSION_NOT_FOUND'],
  },
  ...resourceRoutes(ENDPOINT, endpointListSchema, endpointPutSchema, {
    article: 'an',
    onDelete: 'Remove an endpoint; its sessions are moved or end with it',
    problems: {
      create: ['TOO_MANY_ENDPOINTS', 'NAVIGATION_INVALID'],
      put: ['TOO_MANY_ENDPOINTS', 'NAVIGATION_INVALID'],
    },
  }),
  getEndpointHealth: {
    method: 'GET',
    path: '/api/v1/endpoints/{id}/health',
    permission: { verb: 'get', kind: 'endpoint' },
    summary: 'What probes and traffic say of an endpoint',
    params: sessionParamsSchema,
    success: { status: 200, description: 'Status and history.', content: { [JSON_TYPE]: endpointHealthSchema } },
    problems: ['ENDPOINT_NOT_FOUND'],
  },
  drainEndpoint: {
    method: 'POST',
    path: '/api/v1/endpoints/{id}/drain',
    permission: { verb: 'drain', kind: 'endpoint' },
    summary: 'Take no new sessions and move those there are, or take traffic again',
    params: sessionParamsSchema,
    body: drainSchema,
    bodyOptional: true,
    success: accepted('The operation, which goes on.'),
    problems: ['ENDPOINT_NOT_FOUND'],
  },
  ...resourceRoutes(ENDPOINT_GROUP, endpointGroupListSchema, endpointGroupPutSchema, {
    article: 'an',
    problems: {
      create: [
        'NAVIGATION_INVALID',
        'WARM_NEEDS_SCRIPT',
        'TOO_MANY_GROUPS',
        'GROUP_OPTION_INVALID',
        'GROUP_FALLBACK_LOOP',
      ],
      put: [
        'NAVIGATION_INVALID',
        'WARM_NEEDS_SCRIPT',
        'TOO_MANY_GROUPS',
        'GROUP_OPTION_INVALID',
        'GROUP_FALLBACK_LOOP',
      ],
    },
  }),
  ...WORKER_ROUTES,
  ...resourceRoutes(ROLE, roleListSchema, rolePutSchema, {
    article: 'a',
    problems: { put: ['RESOURCE_BUILT_IN'], delete: ['RESOURCE_BUILT_IN'] },
  }),
  ...resourceRoutes(PRINCIPAL, principalListSchema, principalPutSchema, {
    article: 'a',
  }),
  ...resourceRoutes(API_KEY, apiKeyListSchema, apiKeyPutSchema, {
    article: 'an',
    created: newApiKeySchema,
    onDelete: 'Revoke an API key',
  }),
  ...resourceRoutes(WEBHOOK, webhookListSchema, webhookPutSchema, {
    article: 'a',
    created: newWebhookSchema,
    onDelete: 'Remove a webhook with its deliveries',
    problems: {
      create: ['WEBHOOK_URL_FORBIDDEN', 'WEBHOOK_SECRET_INVALID', 'TOO_MANY_WEBHOOKS'],
      put: ['WEBHOOK_URL_FORBIDDEN', 'WEBHOOK_SECRET_INVALID', 'TOO_MANY_WEBHOOKS'],
    },
  }),
  listDeliveries: {
    method: 'GET',
    path: '/api/v1/webhooks/{id}/deliveries',
    permission: { verb: 'get', kind: 'webhook' },
    summary: 'What was sent to a webhook, and what is yet to be; newest first',
    params: sessionParamsSchema,
    query: deliveriesQuerySchema,
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: deliveryListSchema } },
    problems: ['WEBHOOK_NOT_FOUND'],
  },
  getDelivery: {
    method: 'GET',
    path: '/api/v1/webhooks/{id}/deliveries/{delivery}',
    permission: { verb: 'get', kind: 'webhook' },
    summary: 'Show a delivery with each attempt',
    params: deliveryParamsSchema,
    success: { status: 200, description: 'The delivery.', content: { [JSON_TYPE]: deliverySchema } },
    problems: ['WEBHOOK_NOT_FOUND', 'DELIVERY_NOT_FOUND'],
  },
  listDeadLetters: {
    method: 'GET',
    path: '/api/v1/webhooks/dead-letters',
    permission: { verb: 'list', kind: 'webhook' },
    summary: 'Deliveries that were given up, of all webhooks; newest first',
    query: deliveriesQuerySchema.omit({ status: true }),
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: deliveryListSchema } },
  },
  replayDeliveries: {
    method: 'POST',
    path: '/api/v1/webhooks/{id}/replay',
    permission: { verb: 'replay', kind: 'webhook' },
    summary: 'Send deliveries of a webhook again: one, those of a type, those since a time',
    params: sessionParamsSchema,
    body: replaySchema,
    bodyOptional: true,
    success: { status: 200, description: 'How many.', content: { [JSON_TYPE]: replayedSchema } },
    problems: ['WEBHOOK_NOT_FOUND', 'DELIVERY_NOT_FOUND'],
  },
  testWebhook: {
    method: 'POST',
    path: '/api/v1/webhooks/{id}/test',
    permission: { verb: 'replay', kind: 'webhook' },
    summary: 'Send an event of type `roundhouse.webhook.test`, and say what the receiver answered',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The delivery, with its attempt.', content: { [JSON_TYPE]: deliverySchema } },
    problems: ['WEBHOOK_NOT_FOUND', 'WEBHOOK_DISABLED', 'DEADLINE_EXCEEDED'],
  },
  whoAmI: {
    method: 'GET',
    path: '/api/v1/whoami',
    permission: 'authenticated',
    summary: 'Who the caller is taken for',
    success: { status: 200, description: 'The identity.', content: { [JSON_TYPE]: identitySchema } },
  },
  canI: {
    method: 'GET',
    path: '/api/v1/can-i',
    permission: 'authenticated',
    summary: 'Whether the caller may do something, and which rule says so',
    query: canIQuerySchema,
    success: { status: 200, description: 'The decision.', content: { [JSON_TYPE]: canISchema } },
  },
  unlock: {
    method: 'POST',
    path: '/api/v1/authentication/unlock',
    permission: { verb: 'update', kind: 'principal' },
    summary: 'Forget the failed attempts of a name or an address: a lock-out ends',
    body: unlockSchema,
    success: { status: 200, description: 'Whether there were any.', content: { [JSON_TYPE]: unlockedSchema } },
  },
  getUsage: {
    method: 'GET',
    path: '/api/v1/usage',
    permission: { verb: 'get', kind: 'usage' },
    summary: 'How much of each limit is used',
    success: { status: 200, description: 'The limits.', content: { [JSON_TYPE]: usageSchema } },
  },
  getConfiguration: {
    method: 'GET',
    path: '/api/v1/configuration',
    permission: { verb: 'get', kind: 'configuration' },
    summary: 'The configuration in force, secrets masked',
    success: {
      status: 200,
      description: 'With where each value comes from.',
      content: { [JSON_TYPE]: configurationSchema },
    },
  },
  reloadConfiguration: {
    method: 'POST',
    path: '/api/v1/configuration/reload',
    permission: { verb: 'reload', kind: 'configuration' },
    summary: 'Read the configuration again and apply what has changed, all or nothing',
    body: reloadSchema,
    bodyOptional: true,
    success: { status: 200, description: 'What was, or would be, done.', content: { [JSON_TYPE]: reloadPlanSchema } },
    problems: ['CONFIGURATION_INVALID', 'NO_CONFIGURATION_FILE'],
  },
  listOverrides: {
    method: 'GET',
    path: '/api/v1/configuration/overrides',
    permission: { verb: 'get', kind: 'configuration' },
    summary: 'What stands above the configuration file for a while; its values are in the configuration',
    success: { status: 200, description: 'The overrides.', content: { [JSON_TYPE]: overrideListSchema } },
    problems: ['NO_CONFIGURATION_FILE'],
  },
  putOverride: {
    method: 'PUT',
    path: '/api/v1/configuration/overrides',
    permission: { verb: 'reload', kind: 'configuration' },
    summary: 'Set a value above the configuration file, for a while or until the server stops',
    body: overrideInputSchema,
    success: { status: 200, description: 'What was done.', content: { [JSON_TYPE]: reloadPlanSchema } },
    problems: ['CONFIGURATION_INVALID', 'CONFIGURATION_REJECTED', 'NO_CONFIGURATION_FILE', 'TOO_MANY_OVERRIDES'],
  },
  deleteOverride: {
    method: 'DELETE',
    path: '/api/v1/configuration/overrides',
    permission: { verb: 'reload', kind: 'configuration' },
    summary: 'Take an override back: what the file says counts again',
    query: overrideQuerySchema,
    success: { status: 200, description: 'What was done.', content: { [JSON_TYPE]: reloadPlanSchema } },
    problems: ['OVERRIDE_NOT_FOUND', 'CONFIGURATION_INVALID', 'CONFIGURATION_REJECTED', 'NO_CONFIGURATION_FILE'],
  },
  getComplianceReport: {
    method: 'GET',
    path: '/api/v1/compliance/report',
    permission: { verb: 'assess', kind: 'compliance' },
    summary: 'Evaluate the rules of a profile now: results with their evidence',
    query: complianceQuerySchema,
    success: {
      status: 200,
      description: 'The report.',
      content: {
        [JSON_TYPE]: complianceReportSchema,
        'text/csv': 'text',
        'text/html': 'text',
        [OSCAL_MEDIA_TYPE]: 'text',
      },
    },
    problems: ['COMPLIANCE_PROFILE_UNKNOWN'],
  },
  listComplianceRules: {
    method: 'GET',
    path: '/api/v1/compliance/rules',
    permission: { verb: 'list', kind: 'compliance' },
    summary: 'The rules, the profiles, and the facts that rules may ask for',
    success: { status: 200, description: 'All of them.', content: { [JSON_TYPE]: complianceRulesSchema } },
  },
  getLogLevels: {
    method: 'GET',
    path: '/api/v1/log-levels',
    permission: { verb: 'get', kind: 'log' },
    summary: 'What is logged, by module',
    success: { status: 200, description: 'The levels.', content: { [JSON_TYPE]: logLevelsSchema } },
  },
  putLogLevel: {
    method: 'PUT',
    path: '/api/v1/log-levels/{module}',
    permission: { verb: 'update', kind: 'log' },
    summary: 'Log more or less of a module, for a while or until the server stops',
    params: logModuleParamsSchema,
    body: logLevelSchema,
    success: { status: 200, description: 'All levels.', content: { [JSON_TYPE]: logLevelsSchema } },
    problems: ['LOG_MODULE_UNKNOWN'],
  },
  exportMetrics: {
    method: 'GET',
    path: '/api/v1/metrics',
    permission: { verb: 'get', kind: 'metrics' },
    summary: 'Figures of now, or of the last 24 hours, as JSON or CSV',
    query: metricsQuerySchema,
    success: {
      status: 200,
      description: 'Series by name and labels.',
      content: { [JSON_TYPE]: metricsExportSchema, 'text/csv': 'text' },
    },
    problems: ['METRIC_HISTORY_QUERY_INVALID'],
  },
  listOperations: {
    method: 'GET',
    path: '/api/v1/operations',
    permission: { verb: 'list', kind: 'operation' },
    summary: 'List operations, newest first',
    query: listSessionsQuerySchema,
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: operationListSchema } },
  },
  getOperation: {
    method: 'GET',
    path: '/api/v1/operations/{id}',
    permission: { verb: 'get', kind: 'operation' },
    summary: 'Show an operation',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The operation.', content: { [JSON_TYPE]: operationSchema } },
    problems: ['OPERATION_NOT_FOUND'],
  },
  streamEvents: {
    method: 'GET',
    path: '/api/v1/events',
    permission: { verb: 'watch', kind: 'event' },
    summary: 'Events as they happen; `Last-Event-ID` resumes behind one',
    query: eventsQuerySchema,
    success: {
      status: 200,
      description: 'Server-sent events of CloudEvents.',
      content: { 'text/event-stream': 'text' },
    },
    problems: ['WATCHERS_LIMIT_REACHED'],
  },
  ...MAIL_ROUTES,
  ...AUDIT_ROUTES,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
