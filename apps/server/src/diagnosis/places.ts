import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, type Scope, Secret, silentLogger } from '@roundhouse/core';
import { openStore } from '@roundhouse/store';
import { resolveWorker, type WorkerSpec } from '@roundhouse/workers';
import type { ConfigurationValue } from '../configuration/definition.ts';
import { isLoopback } from '../http/clientAddress.ts';
import { supervisorPlaces } from '../run/supervisor.ts';
import type { Places } from './collect.ts';

const HOST = '127.0.0.1';
const DEFAULT_PORT = 7070;
/** Defaults of the limits, each of which may need descriptors: a session has a host and often a terminal. */
const MAX_SESSIONS = 10_000;
const DESCRIPTORS_PER_SESSION = 2;
const MAX_CONNECTIONS = 10_000;
/** For everything else that is open. */
const OTHER_DESCRIPTORS = 256;

/** Where a server of this configuration lives: what the doctor looks at. */
export async function placesOf(
  { server = {}, front_door: door, mail, limits = {}, store = {}, workers = [] }: ConfigurationValue,
  { home, clock }: { readonly home: string; readonly clock: Clock },
): Promise<Places> {
  const { host = HOST, port = DEFAULT_PORT, tls } = server;
  const listeners = [
    ['api', tls],
    ['front door', door?.tls],
    ['front door, STARTTLS', door?.start_tls],
    ['mail', mail?.tls],
    ['mail, STARTTLS', mail?.start_tls],
  ] as const;
  return {
    home,
    ports: [
      ...(port === 0 ? [] : [{ name: 'api', host, port, speaks: tls === undefined ? 'http' : 'https' } as const]),
      ...(door === undefined || door.port === 0
        ? []
        : [{ name: 'front door', host: door.host ?? HOST, port: door.port, speaks: 'tn3270' } as const]),
    ],
    certificates: listeners.flatMap(([name, files]) => (files === undefined ? [] : [{ name, path: files.cert_file }])),
    wantedDescriptors:
      (limits.max_sessions ?? MAX_SESSIONS) * DESCRIPTORS_PER_SESSION +
      (limits.max_connections ?? MAX_CONNECTIONS) +
      OTHER_DESCRIPTORS,
    // Attackers reach what listens beyond this machine.
    isStrict: !isLoopback(host) && host !== 'localhost',
    releasedAt: await releasedAt(),
    workers:
      workers.length === 0
        ? undefined
        : { runDirectory: supervisorPlaces(home).directory, programs: programsOf(workers.map(resolveWorker)) },
    pingStore: (scope) => pingStore(store.url ?? `sqlite:${join(home, 'roundhouse.db')}`, clock, scope),
  };
}

/** What these workers are started with, beside their own programs. */
function programsOf(workers: readonly WorkerSpec[]): readonly string[] {
  const programs = workers.flatMap(({ program }) => program ?? []);
  const areConfined = programs.some(
    ({ user, group, keepCapabilities, hasNoNewPrivileges }) =>
      user !== undefined || group !== undefined || keepCapabilities !== undefined || hasNoNewPrivileges,
  );
  const areLimited = workers.some(({ limits }) => Object.keys(limits).length > 0);
  return ['sh', ...(areConfined ? ['setpriv'] : []), ...(areLimited ? ['prlimit'] : [])];
}

/** When the files of this version were made: that of this one. */
async function releasedAt(): Promise<number> {
  return (await stat(fileURLToPath(import.meta.url))).mtimeMs;
}

/** Opens the store as a start does, and asks it for something. A file that is not there yet is left so. */
async function pingStore(url: string, clock: Clock, scope: Scope): Promise<void> {
  const file = /^sqlite:(?:\/\/(?=\/))?([^?]+)/.exec(url)?.[1];
  if (file !== undefined && (await isAbsent(file))) return;
  await using store = await openStore(new Secret(url), { clock, log: silentLogger }, scope);
  await store.events.range();
}

async function isAbsent(file: string): Promise<boolean> {
  return await stat(file).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
