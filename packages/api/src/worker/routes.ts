import { resourceRoutes } from '../resource.ts';
import type { Route } from '../routes.ts';
import { listSessionsQuerySchema, sessionParamsSchema } from '../session.ts';
import {
  workerCommandSchema,
  workerExecSchema,
  workerExecutionSchema,
  workerGroupCommandSchema,
  workerScaleSchema,
  workerSignalSchema,
  workerStartSchema,
} from './command.ts';
import { workerGroupListSchema, workerGroupParamsSchema, workerGroupSchema } from './group.ts';
import { workerLogsQuerySchema, workersLogsQuerySchema } from './logLine.ts';
import { workerHistoryQuerySchema, workerHistorySchema, workerUsageQuerySchema, workerUsageSchema } from './past.ts';
import { WORKER, workerListSchema, workerPutSchema, workerSchema } from './worker.ts';

const JSON_TYPE = 'application/json';

const OPERATE = { verb: 'operate', kind: 'worker' } as const;
const READ = { verb: 'read', kind: 'worker' } as const;
const GET = { verb: 'get', kind: 'worker' } as const;

/** Whoever asks for a start, stop or restart may meet. */
const COMMAND_PROBLEMS = [
  'WORKER_NOT_FOUND',
  'WORKER_NOT_OURS',
  'WORKER_SUPERSEDED',
  'WORKERS_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
] as const;
const START_PROBLEMS = [...COMMAND_PROBLEMS, 'WORKER_NO_COMMAND', 'WORKER_FAILED'] as const;
const STOP_PROBLEMS = [...COMMAND_PROBLEMS, 'WORKER_KILL_FAILED'] as const;

const INPUT_PROBLEMS = [
  'WORKERS_UNAVAILABLE',
  'WORKER_INVALID',
  'WORKER_UNIT_CONFLICT',
  'SCHEDULE_INVALID',
  'NOT_SUPPORTED',
] as const;

function shown(description: string) {
  return { status: 200, description, content: { [JSON_TYPE]: workerSchema } } as const;
}

function groupShown(description: string) {
  return { status: 200, description, content: { [JSON_TYPE]: workerGroupSchema } } as const;
}

const LOGS = {
  status: 200,
  description: 'The lines, oldest first; those of several instances by time. With `follow` it does not end.',
  content: { 'text/plain': 'text', 'application/x-ndjson': 'text', 'text/event-stream': 'text' },
} as const;

/** Routes of workers and of their groups. */
export const WORKER_ROUTES = {
  ...resourceRoutes(WORKER, workerListSchema, workerPutSchema, {
    article: 'a',
    onDelete: 'Stop a worker and forget it',
    problems: { create: INPUT_PROBLEMS, put: INPUT_PROBLEMS },
  }),
  startWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/start',
    permission: OPERATE,
    summary: 'Start a worker, or one of its instances',
    params: sessionParamsSchema,
    body: workerStartSchema,
    bodyOptional: true,
    success: shown('The worker: ready, or running where nothing says when it is.'),
    problems: START_PROBLEMS,
  },
  stopWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/stop',
    permission: OPERATE,
    summary: 'Stop a worker, or one of its instances, with those that are to go with it',
    params: sessionParamsSchema,
    body: workerCommandSchema,
    bodyOptional: true,
    success: shown('The worker: stopped.'),
    problems: STOP_PROBLEMS,
  },
  restartWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/restart',
    permission: OPERATE,
    summary: 'Stop a worker and start it again, one instance after the other',
    params: sessionParamsSchema,
    body: workerCommandSchema,
    bodyOptional: true,
    success: shown('The worker.'),
    problems: START_PROBLEMS,
  },
  reloadWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/reload',
    permission: { verb: 'reload', kind: 'worker' },
    summary: 'Have a worker read its own configuration again',
    params: sessionParamsSchema,
    body: workerCommandSchema,
    bodyOptional: true,
    success: shown('The worker; whether it has done so yet is known of integrated ones.'),
    problems: [...COMMAND_PROBLEMS, 'WORKER_NOT_RUNNING'],
  },
  scaleWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/scale',
    permission: OPERATE,
    summary: 'Run more or fewer instances of a worker, until it is specified anew',
    params: sessionParamsSchema,
    body: workerScaleSchema,
    success: shown('The worker, which is on the way there.'),
    problems: ['WORKER_NOT_FOUND', 'WORKER_NOT_OURS', 'WORKERS_UNAVAILABLE'],
  },
  signalWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/signal',
    permission: { verb: 'signal', kind: 'worker' },
    summary: 'Send a signal to a worker',
    params: sessionParamsSchema,
    body: workerSignalSchema,
    success: { status: 204, description: 'It was sent.' },
    problems: ['WORKER_NOT_FOUND', 'WORKER_NOT_RUNNING', 'WORKER_NOT_OURS', 'WORKERS_UNAVAILABLE'],
  },
  execWorker: {
    method: 'POST',
    path: '/api/v1/workers/{id}/exec',
    permission: { verb: 'execute', kind: 'worker' },
    summary: 'Run a command as a worker is run: its user, place and environment',
    params: sessionParamsSchema,
    body: workerExecSchema,
    success: {
      status: 200,
      description: 'How it ended, and what it wrote.',
      content: { [JSON_TYPE]: workerExecutionSchema },
    },
    problems: [
      'WORKER_NOT_FOUND',
      'WORKER_NO_COMMAND',
      'WORKER_NOT_OURS',
      'WORKER_START_FAILED',
      'WORKER_COMMAND_FAILED',
      'WORKERS_UNAVAILABLE',
      'DEADLINE_EXCEEDED',
    ],
  },
  getWorkerLogs: {
    method: 'GET',
    path: '/api/v1/workers/{id}/logs',
    permission: READ,
    summary: 'Read what a worker has written, and writes',
    params: sessionParamsSchema,
    query: workerLogsQuerySchema,
    success: LOGS,
    problems: [
      'WORKER_NOT_FOUND',
      'LOG_PATTERN_INVALID',
      'WORKER_LOG_DIRECTORY',
      'WATCHERS_LIMIT_REACHED',
      'WORKERS_UNAVAILABLE',
    ],
  },
  getWorkersLogs: {
    method: 'GET',
    path: '/api/v1/worker-logs',
    permission: READ,
    summary: 'Read what several workers have written, and write, merged by time',
    query: workersLogsQuerySchema,
    success: LOGS,
    problems: [
      'WORKER_NOT_FOUND',
      'LOG_PATTERN_INVALID',
      'WORKER_LOG_DIRECTORY',
      'WATCHERS_LIMIT_REACHED',
      'WORKERS_UNAVAILABLE',
    ],
  },
  getWorkerUsage: {
    method: 'GET',
    path: '/api/v1/workers/{id}/usage',
    permission: GET,
    summary: 'What a worker takes and has taken, and how its limits stand',
    params: sessionParamsSchema,
    query: workerUsageQuerySchema,
    success: { status: 200, description: 'By instance.', content: { [JSON_TYPE]: workerUsageSchema } },
    problems: ['WORKER_NOT_FOUND', 'WORKERS_UNAVAILABLE'],
  },
  getWorkerHistory: {
    method: 'GET',
    path: '/api/v1/workers/{id}/history',
    permission: GET,
    summary: 'The states that a worker has been in, and why',
    params: sessionParamsSchema,
    query: workerHistoryQuerySchema,
    success: { status: 200, description: 'By instance.', content: { [JSON_TYPE]: workerHistorySchema } },
    problems: ['WORKER_NOT_FOUND', 'WORKERS_UNAVAILABLE'],
  },
  listWorkerGroups: {
    method: 'GET',
    path: '/api/v1/worker-groups',
    permission: { verb: 'list', kind: 'worker' },
    summary: 'List groups of workers, with those workers of each that the caller may list',
    query: listSessionsQuerySchema,
    success: { status: 200, description: 'One page, by id.', content: { [JSON_TYPE]: workerGroupListSchema } },
  },
  startWorkerGroup: {
    method: 'POST',
    path: '/api/v1/worker-groups/{group}/start',
    permission: OPERATE,
    summary: 'Start all workers of a group, each behind those that it depends on',
    params: workerGroupParamsSchema,
    body: workerGroupCommandSchema,
    bodyOptional: true,
    success: groupShown('The group.'),
    problems: ['WORKER_GROUP_NOT_FOUND', ...START_PROBLEMS],
  },
  stopWorkerGroup: {
    method: 'POST',
    path: '/api/v1/worker-groups/{group}/stop',
    permission: OPERATE,
    summary: 'Stop all workers of a group, each before those that it depends on',
    params: workerGroupParamsSchema,
    body: workerGroupCommandSchema,
    bodyOptional: true,
    success: groupShown('The group.'),
    problems: ['WORKER_GROUP_NOT_FOUND', ...STOP_PROBLEMS],
  },
  restartWorkerGroup: {
    method: 'POST',
    path: '/api/v1/worker-groups/{group}/restart',
    permission: OPERATE,
    summary: 'Restart all workers of a group',
    params: workerGroupParamsSchema,
    body: workerGroupCommandSchema,
    bodyOptional: true,
    success: groupShown('The group.'),
    problems: ['WORKER_GROUP_NOT_FOUND', ...START_PROBLEMS],
  },
  scaleWorkerGroup: {
    method: 'POST',
    path: '/api/v1/worker-groups/{group}/scale',
    permission: OPERATE,
    summary: 'Run so many instances of each worker of a group, until it is specified anew',
    params: workerGroupParamsSchema,
    body: workerScaleSchema,
    success: groupShown('The group, which is on the way there.'),
    problems: ['WORKER_GROUP_NOT_FOUND', 'WORKER_NOT_OURS', 'WORKERS_UNAVAILABLE'],
  },
} as const satisfies Record<string, Route>;
