import type { Clock } from '@roundhouse/core';
import { RawConnection, type Outcome } from './connection.ts';
import { type ApiDocument, type Operation, operationsOf, schemasOf } from './operation.ts';
import { Random } from './random.ts';
import { type FuzzRequest, makeRequest, type RequestContext } from './request.ts';
import { faultOfAnswer, type VerdictContext } from './verdict.ts';

export interface FuzzOptions {
  readonly url: string;
  readonly document: ApiDocument;
  /** Good for everything. */
  readonly token: string;
  /** Text that is sent wherever a secret belongs. */
  readonly secret: string;
  /** The same seed makes the same choices; ids that the server makes up still differ. */
  readonly seed: number;
  readonly requests: number;
  /** Connections at the same time. Default 8. */
  readonly connections?: number;
  /** Values for fields of a name: hosts and ports that are there, short waits. */
  readonly known: (name: string) => readonly unknown[] | undefined;
  readonly repaired: RequestContext['repaired'];
  readonly statuses: VerdictContext['statuses'];
  readonly commonCodes: VerdictContext['commonCodes'];
  readonly codesOf: VerdictContext['codesOf'];
}

interface FuzzFault {
  readonly what: string;
  readonly operation: string;
  /** How often it was seen. */
  readonly count: number;
  /** The first request that showed it, byte for byte as a JSON text, with the answer. */
  readonly example: string;
}

export interface FuzzReport {
  readonly requests: number;
  readonly faults: readonly FuzzFault[];
  /** Answers by operation, then by status; of requests that stand for the operation. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Ids kept of each collection: enough to meet again, few enough to be met often. */
const MAX_IDS = 12;
const MAX_SHOWN = 1_000;

/** Sends requests of every kind to every operation of a document, and says what was wrong with the answers. */
export async function fuzz(options: FuzzOptions, clock: Clock): Promise<FuzzReport> {
  const { document, seed, requests, token, secret, known, repaired, connections = 8 } = options;
  const operations = operationsOf(document);
  const table = schemasOf(document);
  const verdicts: VerdictContext = { ...options, table, secrets: [token, secret] };
  const ids = new Map<string, string[]>();
  const faults = new Map<string, { -readonly [K in keyof FuzzFault]: FuzzFault[K] }>();
  const statuses = new Map<string, Map<string, number>>();
  let sent = 0;

  async function work(): Promise<void> {
    const connection = new RawConnection(new URL(options.url), clock);
    while (sent < requests) {
      const index = sent++;
      const random = new Random(seed + index * 0x9e3779b9);
      const context: RequestContext = {
        random,
        table,
        token,
        secret,
        repaired,
        known: (name) => known(name) ?? (name === 'id' ? undefined : ids.get(`${name}s`)),
        idsOf: (collection) => ids.get(collection) ?? [],
      };
      // Each in its turn, so that none is left out.
      const request = makeRequest(operations[index % operations.length] as Operation, context);
      const outcome = await connection.send(request.bytes, request.method === 'HEAD');
      judge(request, outcome, index);
      if (typeof outcome !== 'string') remember(request.operation, outcome.status, outcome.body);
    }
    connection.close();
  }

  function judge(request: FuzzRequest, outcome: Outcome, index: number): void {
    const { operation, isOfOperation } = request;
    if (isOfOperation) {
      const counts = statuses.get(operation.id) ?? new Map<string, number>();
      const status = typeof outcome === 'string' ? outcome : String(outcome.status);
      statuses.set(operation.id, counts.set(status, (counts.get(status) ?? 0) + 1));
    }
    const what = faultOfAnswer(request, outcome, verdicts);
    if (what === undefined) return;
    const key = `${operation.id} ${what}`;
    const fault = faults.get(key);
    if (fault !== undefined) fault.count++;
    else faults.set(key, { what, operation: operation.id, count: 1, example: exampleOf(request, outcome, index) });
  }

  function exampleOf(request: FuzzRequest, outcome: Outcome, index: number): string {
    // The token is good only as long as the server of the test lives.
    const bytes = shortened(JSON.stringify(request.bytes.toString('latin1')));
    return `seed ${seed}, request ${index} (${request.intent}): ${bytes}\nanswer: ${shortened(JSON.stringify(outcome))}`;
  }

  /** Keeps the ids of what was made and of what was listed, so that later requests meet it. */
  function remember({ path, method }: Operation, status: number, body: string): void {
    if (status < 200 || status > 202) return;
    const { id, items } = parsed(body);
    const collection =
      status === 202
        ? 'operations'
        : (path
            .replace(/\/\{\w+\}$/, '')
            .split('/')
            .at(-1) as string);
    if (Array.isArray(items)) for (const item of items.slice(0, 2)) keep(collection, (item as { id?: unknown }).id);
    else if (method === 'POST' || method === 'PUT') keep(collection, id);
  }

  function keep(collection: string, id: unknown): void {
    if (typeof id !== 'string' && typeof id !== 'number') return;
    const list = ids.get(collection) ?? [];
    ids.set(collection, [String(id), ...list.filter((each) => each !== String(id))].slice(0, MAX_IDS));
  }

  await Promise.all(Array.from({ length: connections }, work));
  return { requests: sent, faults: [...faults.values()], statuses };
}

function parsed(body: string): { readonly id?: unknown; readonly items?: unknown } {
  try {
    return (JSON.parse(body) ?? {}) as { id?: unknown; items?: unknown };
  } catch {
    return {};
  }
}

function shortened(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`;
}
