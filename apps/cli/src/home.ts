import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Io } from './io.ts';

/** Where the running server listens and how to get in: what `up` and `demo` leave for the other commands. */
export interface LocalServer {
  readonly url: string;
  readonly token: string;
}

/** The data directory: `ROUNDHOUSE_HOME`, or `.roundhouse` in the home directory of the user. */
export function homeDirectory(env: Io['env']): string {
  return resolve(env['ROUNDHOUSE_HOME'] || join(homedir(), '.roundhouse'));
}

/** For the owner's eyes alone. */
export async function writeLocalServer(env: Io['env'], server: LocalServer): Promise<void> {
  const home = homeDirectory(env);
  await mkdir(home, { recursive: true, mode: 0o711 });
  // A new file in the place of the old one: nobody reads half of it, and its mode is ours.
  const temporary = `${fileOf(env)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(server)}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, fileOf(env));
}

/** Undefined when no server of this user runs. */
export async function readLocalServer(env: Io['env']): Promise<LocalServer | undefined> {
  try {
    const { url, token } = JSON.parse(await readFile(fileOf(env), 'utf8')) as Partial<LocalServer>;
    return typeof url === 'string' && typeof token === 'string' ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the file away, unless another server has written its own since. */
export async function removeLocalServer(env: Io['env'], server: LocalServer): Promise<void> {
  const present = await readLocalServer(env);
  if (present?.url === server.url && present.token === server.token) await rm(fileOf(env), { force: true });
}

function fileOf(env: Io['env']): string {
  return join(homeDirectory(env), 'server.json');
}
