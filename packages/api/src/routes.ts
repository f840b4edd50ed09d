import type { z } from 'zod';
import { inputSchema } from './input.ts';
import { inputResultSchema, screenCellsSchema, screenQuerySchema, screenSchema } from './screen.ts';
import {
  createSessionSchema,
  listSessionsQuerySchema,
  sessionListSchema,
  sessionParamsSchema,
  sessionSchema,
} from './session.ts';
import { healthSchema, openApiSchema } from './system.ts';

/** One operation of the API: the server registers it, the OpenAPI document describes it, the client calls it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  /** Answers without a token. */
  readonly open?: true;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly success: RouteSuccess;
  /** Codes that callers meet besides those of every route. Documentation: a server may raise more. */
  readonly problems?: readonly string[];
}

export interface RouteSuccess {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** By media type; `text` for bodies without a schema. */
  readonly content?: Readonly<Record<string, z.ZodType | 'text'>>;
}

const JSON_TYPE = 'application/json';

export const ROUTES = {
  livez: {
    method: 'GET',
    path: '/livez',
    summary: 'Whether the process runs',
    open: true,
    success: { status: 200, description: 'It runs.', content: { [JSON_TYPE]: healthSchema } },
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    summary: 'Whether requests are taken',
    open: true,
    success: { status: 200, description: 'They are.', content: { [JSON_TYPE]: healthSchema } },
    problems: ['SHUTTING_DOWN'],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Figures for Prometheus',
    success: { status: 200, description: 'Text exposition format 0.0.4.', content: { 'text/plain': 'text' } },
  },
  getOpenApi: {
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    success: { status: 200, description: 'OpenAPI 3.1.', content: { [JSON_TYPE]: openApiSchema } },
  },
  createSession: {
    method: 'POST',
    path: '/api/v1/sessions',
    summary: 'Open a session to a host',
    body: createSessionSchema,
    success: {
      status: 201,
      description: 'The session; `Location` has its address.',
      content: { [JSON_TYPE]: sessionSchema },
    },
    problems: ['SESSION_LIMIT_REACHED', 'MODEL_UNKNOWN', 'CODE_PAGE_UNKNOWN', 'HOST_SILENT', 'TN3270E_REJECTED'],
  },
  listSessions: {
    method: 'GET',
    path: '/api/v1/sessions',
    summary: 'List sessions, oldest first',
    query: listSessionsQuerySchema,
    success: { status: 200, description: 'One page.', content: { [JSON_TYPE]: sessionListSchema } },
  },
  getSession: {
    method: 'GET',
    path: '/api/v1/sessions/{id}',
    summary: 'Show a session',
    params: sessionParamsSchema,
    success: { status: 200, description: 'The session.', content: { [JSON_TYPE]: sessionSchema } },
    problems: ['SESSION_NOT_FOUND'],
  },
  deleteSession: {
    method: 'DELETE',
    path: '/api/v1/sessions/{id}',
    summary: 'Close a session',
    params: sessionParamsSchema,
    success: { status: 204, description: 'It is closed and forgotten.' },
    problems: ['SESSION_NOT_FOUND'],
  },
  getScreen: {
    method: 'GET',
    path: '/api/v1/sessions/{id}/screen',
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
      'WAIT_TIMEOUT',
    ],
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
