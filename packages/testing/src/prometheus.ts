import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { testingError } from './errors.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort } from './port.ts';

export interface PrometheusOptions {
  /** What to scrape, e.g. `127.0.0.1:7070`; the job is `roundhouse`. */
  readonly target: string;
  /** Files of rules. */
  readonly ruleFiles?: readonly string[];
  /** Bearer token for the target. */
  readonly token?: string;
  /** Longest wait for its HTTP server. Default 20,000. */
  readonly startTimeoutMs?: number;
  readonly scope?: Scope;
}

/** One series of an answer at its moment. */
export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const HOST = '127.0.0.1';
const POLL_MS = 50;
const SCRAPE_INTERVAL = '200ms';

export const prometheusAvailable = (): boolean => isInstalled('prometheus') && isInstalled('promtool');

/** Starts a Prometheus on a free port of 127.0.0.1 that scrapes one target five times a second. Resolves when it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const limits = { what: 'Prometheus', timeoutMs: options.startTimeoutMs ?? 20_000 };
  using scope = options.scope?.child(limits) ?? createScope(limits);
  const directory = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const removeDirectory = (): Promise<void> => rm(directory, { recursive: true, force: true });
  let peer: PeerProcess | undefined;
  try {
    const port = await freePort();
    const file = join(directory, 'prometheus.yml');
    await writeFile(file, configuration(options), { mode: 0o600 });
    const store = `--storage.tsdb.path=${join(directory, 'data')}`;
    peer = await startPeer('prometheus', [`--config.file=${file}`, store, `--web.listen-address=${HOST}:${port}`]);
    const prometheus = new Prometheus(peer, port, removeDirectory);
    while (!(await prometheus.isReady())) {
      if (peer.exit !== undefined) throw peer.failure('it ended before it was ready');
      await scope.sleep(POLL_MS);
    }
    return prometheus;
  } catch (error) {
    peer?.kill();
    await peer?.exited;
    await removeDirectory();
    throw error;
  }
}

/** A running Prometheus: a real reader of metrics and rules. */
export class Prometheus implements AsyncDisposable {
  readonly port: number;
  readonly #peer: PeerProcess;
  readonly #removeDirectory: () => Promise<void>;

  constructor(peer: PeerProcess, port: number, removeDirectory: () => Promise<void>) {
    this.#peer = peer;
    this.port = port;
    this.#removeDirectory = removeDirectory;
  }

  async isReady(): Promise<boolean> {
    const answer = await this.#get('/-/ready').catch(() => undefined);
    return answer?.status === 200;
  }

  /** The present value of an expression; a number stands as one sample without labels. Rejects with PEER_FAILED. */
  async query(expression: string): Promise<readonly PrometheusSample[]> {
    const answer = await this.#get(`/api/v1/query?query=${encodeURIComponent(expression)}`);
    const body = JSON.parse(answer.text) as QueryAnswer;
    if (body.status !== 'success') throw this.#peer.failure(`it refuses ${expression}: ${body.error}`);
    const { resultType, result } = body.data;
    if (resultType === 'scalar') return [{ labels: {}, value: Number(result[1]) }];
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** Ends it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close();
    await this.#removeDirectory();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #get(path: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const request = get({ host: HOST, port: this.port, path, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode, text }));
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }
}

/** Runs `promtool`; rejects with PEER_FAILED and what it printed when it finds fault. */
export async function promtool(args: readonly string[], input = ''): Promise<string> {
  await using peer = await startPeer('promtool', args);
  peer.write(input);
  peer.endInput();
  const { code } = await peer.exited;
  if (code !== 0) throw testingError('PEER_FAILED', { details: { peer: 'promtool', reason: peer.output.trim() } });
  return peer.output;
}

type QueryAnswer =
  | { readonly status: 'error'; readonly error: string }
  | {
      readonly status: 'success';
      readonly data:
        | { readonly resultType: 'scalar'; readonly result: readonly [number, string] }
        | {
            readonly resultType: 'vector';
            readonly result: ReadonlyArray<{
              readonly metric: Readonly<Record<string, string>>;
              readonly value: readonly [number, string];
            }>;
          };
    };

/** JSON is YAML. */
function configuration({ target, ruleFiles = [], token }: PrometheusOptions): string {
  return JSON.stringify({
    global: { scrape_interval: SCRAPE_INTERVAL, scrape_timeout: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'roundhouse',
        static_configs: [{ targets: [target] }],
        ...(token === undefined ? {} : { authorization: { credentials: token } }),
      },
    ],
  });
}
