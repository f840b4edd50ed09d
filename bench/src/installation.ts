import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ConfigurationFile, createClient } from '@roundhouse/api';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';

/** The product as an operator runs it, in a process: a configuration file, a store on disk, a log file. */
export interface Installation {
  readonly url: string;
  /** Of the root principal. */
  readonly token: string;
  /** With the token of the root principal. Keeps its connections. */
  readonly client: Client;
}

/** Installs into a directory of its own, and starts; both belong to `parts`. The log is a file, the store SQLite. */
export async function startInstallation(
  parts: AsyncDisposableStack,
  configuration: ConfigurationFile,
): Promise<Installation> {
  const directory = await temporaryDirectory(parts);
  const file = join(directory, 'roundhouse.yaml');
  const whole: ConfigurationFile = {
    ...configuration,
    server: { port: 0 },
    log: { level: 'info', file: { path: join(directory, 'roundhouse.log') } },
  };
  // JSON is YAML.
  await writeFile(file, JSON.stringify(whole));
  const child = parts.use(await startScript(scriptPath('installationProcess'), file, join(directory, 'home')));
  const { url, token } = await child.next<{ url: string; token: string }>();
  return { url, token, client: parts.use(createClient({ url, token })) };
}

/** A directory that goes with `parts`. */
export async function temporaryDirectory(parts: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'roundhouse-bench-'));
  parts.defer(() => rm(directory, { recursive: true }));
  return directory;
}
