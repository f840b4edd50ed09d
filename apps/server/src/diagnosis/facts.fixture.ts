import type { Facts } from './facts.ts';

export const NOW = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;
const GIB = 1_073_741_824;

/** A machine on which all is well. */
export const WELL: Facts = {
  runtime: { node: '24.22.1', platform: 'linux', arch: 'x64', isStrict: true },
  clock: { now: NOW, releasedAt: NOW - DAY_MS, newestStateAt: NOW - 1_000 },
  home: { path: '/var/lib/roundhouse', state: 'ready', mode: 0o700, isOwn: true },
  disk: { freeBytes: 50 * GIB, totalBytes: 100 * GIB },
  descriptors: { limit: 65_536, wanted: 20_000 },
  ports: [{ name: 'api', host: '127.0.0.1', port: 7070, state: 'free' }],
  certificates: [
    { name: 'api', path: '/etc/api.pem', validFrom: NOW - DAY_MS, expiresAt: NOW + 90 * DAY_MS, fault: null },
  ],
  store: { state: 'reachable', elapsedMs: 2 },
  workers: {
    runDirectory: { path: '/var/lib/roundhouse/run', state: 'ready', mode: 0o700, isOwn: true },
    missingPrograms: [],
  },
};
