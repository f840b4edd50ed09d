import { createScope, type Scope } from '@roundhouse/core';
import { freePort, s3270Available, startPeer } from '@roundhouse/testing';
import { missingPeers } from './clients.ts';
import { figure } from './figure.ts';
import { load, loaderName, type LoadFacts } from './httpLoader.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';
import { startServer } from './serverChild.ts';

const SESSIONS = 100;
const SCREEN_INTERVAL_MS = 1_000;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;
const ASCII = '/3270/rest/json/Ascii()';
const PEER_START_TIMEOUT_MS = 10_000;
const POLL_MS = 50;
/** s3270 serves 32 connections at a time; one that is kept would be missing from the load. */
const ONE_REQUEST = { connection: 'close' };

/** Screen reads over HTTP while the sessions receive screens, beside the HTTP server of s3270. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 3;
  const seconds = quick ? 2 : 5;
  await using host = await startScript(scriptPath('trickleHost'), SCREEN_INTERVAL_MS);
  const { port } = await host.next<{ port: number }>();
  await using ours = await startOurs(port);
  await using theirs = s3270Available() ? await startTheirs(port) : undefined;
  const facts: LoadFacts[] = [];
  const peerFacts: LoadFacts[] = [];
  await load({ ...ours.target, connections: CONNECTIONS, seconds: WARM_UP_SECONDS });
  for (let run = 0; run < runs; run++) {
    facts.push(await load({ ...ours.target, connections: CONNECTIONS, seconds }));
    if (theirs !== undefined) peerFacts.push(await load({ ...theirs.target, connections: CONNECTIONS, seconds }));
  }
  const compare = (id: string, label: string, unit: string, sampleOf: (facts: LoadFacts) => number) =>
    figure(id, label, unit, facts.map(sampleOf), { name: 's3270 -httpd', samples: peerFacts.map(sampleOf) });
  return {
    title: 'Screen reads over REST',
    figures: [
      compare('rest.reads_per_s', 'screen as JSON', 'reads/s', ({ readsPerSecond }) => readsPerSecond),
      compare('rest.p99_ms', 'latency, 99th percentile', 'ms', ({ p99Ms }) => p99Ms),
      compare('rest.errors', 'not answered with 200', 'reads', ({ errors }) => errors),
    ],
    notes: [
      `${runs} runs of ${seconds} s from ${loaderName()} on ${CONNECTIONS} kept connections, over ${SESSIONS} sessions in turn.`,
      `Each session has 22 fields rewritten every ${SCREEN_INTERVAL_MS} ms.`,
      ...(theirs === undefined ? missingPeers() : ['s3270 has the one session it can have, read by json/Ascii().']),
    ],
  };
}

type Target = Pick<Parameters<typeof load>[0], 'origin' | 'paths' | 'headers'>;

interface Running extends AsyncDisposable {
  readonly target: Target;
}

async function startOurs(hostPort: number): Promise<Running> {
  await using parts = new AsyncDisposableStack();
  const { url, token, client } = await startServer(parts);
  const paths: string[] = [];
  for (let opened = 0; opened < SESSIONS; opened++) {
    const { id } = await client.createSession({ host: '127.0.0.1', port: hostPort, model: '3279-2-E' });
    paths.push(`/api/v1/sessions/${id}/screen`);
  }
  const target = { origin: url, paths, headers: { authorization: `Bearer ${token}` } };
  const running = parts.move();
  return { target, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function startTheirs(hostPort: number): Promise<Running> {
  const origin = `http://127.0.0.1:${await freePort()}`;
  await using parts = new AsyncDisposableStack();
  // With an HTTP server s3270 takes no commands from standard input.
  const args = ['-model', '3279-2', '-httpd', origin.slice('http://'.length), `127.0.0.1:${hostPort}`];
  parts.use(await startPeer('s3270', args));
  using scope = createScope({ what: 'The HTTP server of s3270', timeoutMs: PEER_START_TIMEOUT_MS });
  while (!(await showsScreen(`${origin}${ASCII}`, scope))) await scope.sleep(POLL_MS);
  const running = parts.move();
  return { target: { origin, paths: [ASCII], headers: {} }, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Whether s3270 answers, connected, with the keyboard unlocked on a formatted screen. */
async function showsScreen(url: string, { signal }: Scope): Promise<boolean> {
  try {
    const { status } = (await (await fetch(url, { signal, headers: ONE_REQUEST })).json()) as { status: string };
    return status.startsWith('U F');
  } catch {
    return false;
  }
}
