import { createScope, parseDuration } from '@roundhouse/core';
import { type Route, ROUTES } from '../routes.ts';
import type { ListSessionsQuery } from '../session.ts';
import type {
  WorkerCommand,
  WorkerExec,
  WorkerExecution,
  WorkerGroupCommand,
  WorkerSignalRequest,
  WorkerStart,
} from '../worker/command.ts';
import type { WorkerGroup, WorkerGroupList } from '../worker/group.ts';
import type { WorkerLogLine, WorkerLogsQuery, WorkersLogsQuery } from '../worker/logLine.ts';
import type { WorkerHistory, WorkerUsage, WorkerUsageQuery } from '../worker/past.ts';
import type { WorkerResource } from '../worker/worker.ts';
import { EventStreamParser } from './eventStream.ts';
import type { Call, HttpConnection } from './http.ts';

export type WorkerLogFilters = Omit<WorkersLogsQuery, 'worker' | 'follow' | 'format'> & {
  /** Goes with a single worker. */
  readonly instance?: number;
};

type LogsCall = readonly [route: Route, call: Call];

/** What is asked of workers besides what all resources have. */
export interface WorkerCalls {
  start(id: string, request?: WorkerStart, signal?: AbortSignal): Promise<WorkerResource>;
  stop(id: string, request?: WorkerCommand, signal?: AbortSignal): Promise<WorkerResource>;
  restart(id: string, request?: WorkerCommand, signal?: AbortSignal): Promise<WorkerResource>;
  reload(id: string, request?: WorkerCommand, signal?: AbortSignal): Promise<WorkerResource>;
  scale(id: string, replicas: number, signal?: AbortSignal): Promise<WorkerResource>;
  signal(id: string, request: WorkerSignalRequest, signal?: AbortSignal): Promise<void>;
  exec(id: string, request: WorkerExec, signal?: AbortSignal): Promise<WorkerExecution>;

  /** Lines of a worker as they were written: its bytes, as UTF-8. */
  logText(id: string, query?: Omit<WorkerLogsQuery, 'follow' | 'format'>, signal?: AbortSignal): Promise<string>;
  logLines(
    workers: readonly string[],
    query?: WorkerLogFilters,
    signal?: AbortSignal,
  ): Promise<readonly WorkerLogLine[]>;
  /** The lines of the past that `limit` asks for, and all that follow; ends with the signal. A lost connection is raised. */
  followLogs(
    workers: readonly string[],
    query?: Omit<WorkerLogFilters, 'until'>,
    signal?: AbortSignal,
  ): AsyncIterable<WorkerLogLine>;

  usage(id: string, query?: WorkerUsageQuery, signal?: AbortSignal): Promise<WorkerUsage>;
  history(id: string, instance?: number, signal?: AbortSignal): Promise<WorkerHistory>;

  listGroups(query?: ListSessionsQuery, signal?: AbortSignal): Promise<WorkerGroupList>;
  startGroup(group: string, request?: WorkerGroupCommand, signal?: AbortSignal): Promise<WorkerGroup>;
  stopGroup(group: string, request?: WorkerGroupCommand, signal?: AbortSignal): Promise<WorkerGroup>;
  restartGroup(group: string, request?: WorkerGroupCommand, signal?: AbortSignal): Promise<WorkerGroup>;
  scaleGroup(group: string, replicas: number, signal?: AbortSignal): Promise<WorkerGroup>;
}

/** What the server waits where a command says nothing. */
const COMMAND_MS = 60_000;
const EXEC_MS = 30_000;
/** Characters that a line may have as JSON: six for each of its bytes at worst. */
const MAX_LINE_LENGTH = 8 * 1_048_576;

export function createWorkerCalls(http: HttpConnection): WorkerCalls {
  const command =
    (route: (typeof ROUTES)['startWorker' | 'stopWorker' | 'restartWorker' | 'reloadWorker']) =>
    (id: string, request: WorkerStart = {}, signal?: AbortSignal): Promise<WorkerResource> =>
      http.json(route, { id, body: request, waitMs: waitOf(request, COMMAND_MS), signal });
  const groupCommand =
    (route: (typeof ROUTES)['startWorkerGroup' | 'stopWorkerGroup' | 'restartWorkerGroup']) =>
    (group: string, request: WorkerGroupCommand = {}, signal?: AbortSignal): Promise<WorkerGroup> =>
      http.json(route, { params: { group }, body: request, waitMs: waitOf(request, COMMAND_MS), signal });
  return {
    start: command(ROUTES.startWorker),
    stop: command(ROUTES.stopWorker),
    restart: command(ROUTES.restartWorker),
    reload: command(ROUTES.reloadWorker),
    scale: (id, replicas, signal) => http.json(ROUTES.scaleWorker, { id, body: { replicas }, signal }),
    async signal(id, request, signal) {
      await http.text(ROUTES.signalWorker, { id, body: request, signal });
    },
    exec: (id, request, signal) =>
      http.json(ROUTES.execWorker, { id, body: request, waitMs: waitOf(request, EXEC_MS), signal }),

    logText: (id, query, signal) =>
      http.text(ROUTES.getWorkerLogs, { id, query: { ...query, format: 'text' }, signal }),
    async logLines(workers, query, signal) {
      const [route, call] = logsCall(workers, { ...query, format: 'json' });
      const text = await http.text(route, { ...call, signal });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => lineOf(line, http));
    },
    followLogs: (workers, query, signal) => followLogs(http, logsCall(workers, { ...query, follow: true }), signal),

    usage: (id, query, signal) => http.json(ROUTES.getWorkerUsage, { id, query: { ...query }, signal }),
    history: (id, instance, signal) => http.json(ROUTES.getWorkerHistory, { id, query: { instance }, signal }),

    listGroups: (query, signal) => http.json(ROUTES.listWorkerGroups, { query: { ...query }, signal }),
    startGroup: groupCommand(ROUTES.startWorkerGroup),
    stopGroup: groupCommand(ROUTES.stopWorkerGroup),
    restartGroup: groupCommand(ROUTES.restartWorkerGroup),
    scaleGroup: (group, replicas, signal) =>
      http.json(ROUTES.scaleWorkerGroup, { params: { group }, body: { replicas }, signal }),
  };
}

/** Only the logs of one worker can be told apart by instance. */
function logsCall(workers: readonly string[], { instance, ...query }: WorkerLogsQuery): LogsCall {
  const [id] = workers;
  if (instance === undefined || id === undefined) {
    return [ROUTES.getWorkersLogs, { query: { ...query, worker: workers } }];
  }
  return [ROUTES.getWorkerLogs, { id, query: { ...query, instance } }];
}

async function* followLogs(
  http: HttpConnection,
  [route, call]: LogsCall,
  signal: AbortSignal | undefined,
): AsyncGenerator<WorkerLogLine, void, void> {
  using scope = createScope({ clock: http.clock, ...(signal === undefined ? {} : { signal }) });
  const parser = new EventStreamParser();
  try {
    for await (const bytes of await http.stream(route, { ...call, signal: scope.signal })) {
      for (const data of parser.push(bytes)) yield lineOf(data, http);
      if (parser.buffered > MAX_LINE_LENGTH) throw http.invalid(`a line has more than ${MAX_LINE_LENGTH} characters`);
    }
  } catch (error) {
    if (!scope.signal.aborted) throw error;
  }
}

function waitOf({ timeout }: { readonly timeout?: string | undefined }, otherwiseMs: number): number {
  return (timeout === undefined ? undefined : parseDuration(timeout)) ?? otherwiseMs;
}

function lineOf(text: string, http: HttpConnection): WorkerLogLine {
  try {
    return JSON.parse(text) as WorkerLogLine;
  } catch (cause) {
    throw http.invalid('a line of a log is not JSON', cause);
  }
}
