import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../cli/bin/roundhouse.js', import.meta.url));

/** `roundhouse up` as a process of its own. */
export interface RoundhouseProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Whether it runs still, and nobody has asked it to end. */
  readonly isAlive: boolean;
  /** Settles when it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** Starts it on a free port over a data directory, `config`: with that file; resolves when it listens. */
export async function startRoundhouse(home: string, token: string, config?: string): Promise<RoundhouseProcess> {
  const { ROUNDHOUSE_CONFIG: _, ...inherited } = process.env;
  const own = { ROUNDHOUSE_HOME: home, ROUNDHOUSE_PORT: '0', ROUNDHOUSE_TOKEN: token, ROUNDHOUSE_LOG: 'error' };
  const child = spawn(process.execPath, [BIN, 'up'], {
    env: { ...inherited, ...own, ...(config !== undefined && { ROUNDHOUSE_CONFIG: config }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const url = /API +(http:\S+)/.exec(text)?.[1];
    if (url === undefined) continue;
    return {
      url,
      child,
      get isAlive() {
        return child.exitCode === null && child.signalCode === null && !child.killed;
      },
      async kill(signal) {
        child.kill(signal);
        await exited;
      },
    };
  }
  throw new Error(`it ended before it listened: ${text}`);
}
