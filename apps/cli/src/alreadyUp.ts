import { isRoundhouseError } from '@roundhouse/core';
import { homeDirectory, readLocalServer } from './home.ts';
import type { Io } from './io.ts';

/** What a second server of a data directory may meet first. */
const HELD: ReadonlySet<string> = new Set([
  'AUDIT_LOCKED',
  'CONFIGURATION_INVALID',
  'PORT_IN_USE',
  'STORE_LOCKED',
  'SUPERVISOR_RUNNING',
]);

/** Settles as `work` does; where the start of a server fails because one is there already, that is said first. */
export async function unlessUp<T>(io: Io, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isRoundhouseError(error) && HELD.has(error.code)) await sayWhoIsUp(io);
    throw error;
  }
}

async function sayWhoIsUp(io: Io): Promise<void> {
  const { runningHere } = await import('@roundhouse/server');
  const home = homeDirectory(io.env);
  const pid = await runningHere(home);
  if (pid === undefined) return;
  const local = await readLocalServer(io.env);
  const place = local === undefined ? '' : ` at ${local.url}`;
  io.stderr.write(
    `roundhouse: process ${pid} serves ${home} already${place}; the other commands ask it, and "kill ${pid}" stops it\n`,
  );
}
