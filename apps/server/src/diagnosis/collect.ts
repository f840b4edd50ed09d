import { X509Certificate } from 'node:crypto';
import { access, constants, readdir, readFile, stat, statfs } from 'node:fs/promises';
import * as http from 'node:http';
import { get as getHttps } from 'node:https';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { maxDescriptors } from '../limit/descriptors.ts';
import { runningHere } from '../run/runningHere.ts';
import type { CertificateFacts, Facts, HomeFacts, PortFacts, StoreFacts, WorkerFacts } from './facts.ts';

/** Where to look. */
export interface Places {
  /** The data directory. */
  readonly home: string;
  readonly ports: readonly Port[];
  /** PEM files. */
  readonly certificates: ReadonlyArray<{ readonly name: string; readonly path: string }>;
  /** Descriptors that the configured limits may need. */
  readonly wantedDescriptors: number;
  /** See `Facts.runtime`. */
  readonly isStrict: boolean;
  /** When this version of the product was made, ms since 1970. */
  readonly releasedAt: number;
  /** Undefined where none is configured. */
  readonly workers: { readonly runDirectory: string; readonly programs: readonly string[] } | undefined;
  /** Asks the store for anything. */
  readonly pingStore: (scope: Scope) => Promise<void>;
}

interface Port {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What we speak there. A terminal cannot ask who we are: such a port is left alone while another is ours. */
  readonly speaks: 'http' | 'https' | 'tn3270';
}

/** Files of the data directory whose times are looked at. */
const MAX_FILES = 1_000;
const PING_TIMEOUT_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Of the answer of whoever listens at our port. */
const MAX_ANSWER = 1_000;

/** Finds out how things are; whatever cannot be found out is a fact, too. Rejects only when the scope ends. */
export async function collectFacts(places: Places, scope: Scope): Promise<Facts> {
  const { home, ports, certificates, wantedDescriptors, isStrict, releasedAt, workers, pingStore } = places;
  const [homeFacts, disk, newestStateAt, store, portFacts, certificateFacts, workerFacts] = await scope.race(
    Promise.all([
      lookAtHome(home),
      freeSpace(home),
      newestChange(home),
      askStore(pingStore, home, scope),
      lookAtPorts(ports, scope),
      Promise.all(certificates.map(lookAtCertificate)),
      workers === undefined ? null : lookAtWorkers(workers),
    ]),
  );
  return {
    runtime: { node: process.versions.node, platform: process.platform, arch: process.arch, isStrict },
    clock: { now: scope.clock.now(), releasedAt, newestStateAt },
    home: homeFacts,
    disk,
    descriptors: { limit: maxDescriptors(), wanted: wantedDescriptors },
    ports: portFacts,
    certificates: certificateFacts,
    store,
    workers: workerFacts,
  };
}

async function lookAtWorkers({ runDirectory, programs }: NonNullable<Places['workers']>): Promise<WorkerFacts> {
  const [facts, ...areThere] = await Promise.all([lookAtHome(runDirectory), ...programs.map(isOnPath)]);
  return { runDirectory: facts, missingPrograms: programs.filter((_, index) => areThere[index] !== true) };
}

async function isOnPath(program: string): Promise<boolean> {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((each) => each !== '');
  const found = directories.map((each) => access(join(each, program), constants.X_OK).then(() => true));
  return await Promise.any(found).catch(() => false);
}

async function lookAtHome(path: string): Promise<HomeFacts> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path, state: 'absent', mode: null, isOwn: false };
  const mode = found.mode & 0o7777;
  const isOwn = found.uid === process.getuid?.();
  if (!found.isDirectory()) return { path, state: 'not_a_directory', mode, isOwn };
  const isWritable = await access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  return { path, state: isWritable ? 'ready' : 'not_writable', mode, isOwn };
}

/** Of the file system that the directory is on, or will be. */
async function freeSpace(path: string): Promise<Facts['disk']> {
  for (let place = path; ; place = dirname(place)) {
    try {
      const { bavail, blocks, bsize } = await statfs(place);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch {
      if (dirname(place) === place) return null;
    }
  }
}

async function newestChange(home: string): Promise<number | null> {
  const names = await readdir(home).catch(() => []);
  const times = await Promise.all(
    names.slice(0, MAX_FILES).map((name) =>
      stat(join(home, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return times.length === 0 ? null : Math.max(...times);
}

async function askStore(ping: Places['pingStore'], home: string, scope: Scope): Promise<StoreFacts> {
  using limit = scope.child({ what: 'The store', timeoutMs: PING_TIMEOUT_MS });
  const began = scope.clock.monotonic();
  try {
    await limit.race(ping(limit));
    return { state: 'reachable', elapsedMs: scope.clock.monotonic() - began };
  } catch (error) {
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    const pid = code === 'STORE_LOCKED' ? await runningHere(home) : undefined;
    if (pid !== undefined) return { state: 'held', pid };
    return { state: 'unreachable', code, message: error instanceof Error ? error.message : String(error) };
  }
}

async function lookAtPorts(ports: readonly Port[], scope: Scope): Promise<readonly PortFacts[]> {
  const asked = ports.filter(({ speaks }) => speaks !== 'tn3270');
  const answered = await Promise.all(asked.map((port) => lookAtPort(port, scope)));
  if (answered.some(({ state }) => state === 'ours')) return answered;
  const others = ports.filter(({ speaks }) => speaks === 'tn3270');
  return [...answered, ...(await Promise.all(others.map((port) => lookAtPort(port, scope))))];
}

async function lookAtPort({ name, host, port, speaks }: Port, scope: Scope): Promise<PortFacts> {
  const place = { name, host, port };
  const code = await tryToListen(host, port);
  if (code === undefined) return { ...place, state: 'free' };
  if (code === 'EACCES') return { ...place, state: 'forbidden' };
  if (code === 'EADDRNOTAVAIL') return { ...place, state: 'no_such_address' };
  const isOwn = speaks !== 'tn3270' && (await isOurs({ host, port, speaks }, scope));
  return { ...place, state: isOwn ? 'ours' : 'taken' };
}

/** The code of what stands against it. */
function tryToListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'UNKNOWN'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Whether `GET /livez` is answered as we do. */
async function isOurs({ host, port, speaks }: Omit<Port, 'name'>, scope: Scope): Promise<boolean> {
  using limit = scope.child({ what: 'The probe', timeoutMs: PROBE_TIMEOUT_MS });
  const answer = new Promise<boolean>((resolve) => {
    const get = speaks === 'https' ? getHttps : http.get;
    // Nothing is told to whoever answers, so that its certificate does not matter.
    const options = { host, port, path: '/livez', agent: false, signal: limit.signal, rejectUnauthorized: false };
    const request = get(options, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (piece: string) => {
        text = (text + piece).slice(0, MAX_ANSWER);
      });
      response.on('close', () => resolve(response.statusCode === 200 && text === '{"status":"live"}'));
    });
    request.on('error', () => resolve(false));
  });
  return await limit.race(answer).catch(() => false);
}

async function lookAtCertificate({ name, path }: Places['certificates'][number]): Promise<CertificateFacts> {
  try {
    const { validFromDate, validToDate } = new X509Certificate(await readFile(path));
    return { name, path, validFrom: validFromDate.getTime(), expiresAt: validToDate.getTime(), fault: null };
  } catch (error) {
    return {
      name,
      path,
      validFrom: null,
      expiresAt: null,
      fault: error instanceof Error ? error.message : String(error),
    };
  }
}
