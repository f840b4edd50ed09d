import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { serverError } from '@roundhouse/server';

/** How long a host that ended stays away before it is started again, ms: long enough to see what happens without it. */
const RESTART_DELAY_MS = 15_000;
const HOST = '127.0.0.1';

/** Compiled when this module is. */
const PROGRAM = createRequire(import.meta.url).resolve('@roundhouse/server/demoHostProcess');
const NODE_ARGUMENTS = PROGRAM.endsWith('.ts') ? ['--conditions=source'] : [];

export interface DemoHost {
  readonly name: string;
  readonly port: number;
  /** To try what happens when it is killed. */
  readonly pid: number;
}

export interface DemoHosts extends AsyncDisposable {
  readonly hosts: readonly DemoHost[];
}

/** What happens to a host while the demo runs. */
export type DemoHostNotice = (line: string) => void;

/**
 * Two hosts with the same bank, each a process. One that is killed comes back after a while. Raises PORT_IN_USE; then
 * none of them runs.
 */
export async function startDemoHosts(ports: readonly [number, number], notice: DemoHostNotice): Promise<DemoHosts> {
  const hosts = ports.map((port, index) => new HostProcess(`RHDEMO${index + 1}`, port, notice));
  const outcomes = await Promise.allSettled(hosts.map((host) => host.start()));
  const stop = async (): Promise<void> => {
    await Promise.all(hosts.map((host) => host.stop()));
  };
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return { hosts, [Symbol.asyncDispose]: stop };
  await stop();
  throw failure.reason;
}

class HostProcess implements DemoHost {
  readonly name: string;
  readonly #notice: DemoHostNotice;
  #port: number;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(name: string, port: number, notice: DemoHostNotice) {
    this.name = name;
    this.#port = port;
    this.#notice = notice;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const child = fork(PROGRAM, [String(this.#port), this.name], {
      execArgv: NODE_ARGUMENTS,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [
      { readonly port?: number; readonly code?: string } | number | null,
    ];
    const port = typeof message === 'object' ? message?.port : undefined;
    if (port === undefined) {
      throw serverError('PORT_IN_USE', {
        details: { port: this.#port, host: HOST, variable: 'ROUNDHOUSE_DEMO_PORTS' },
      });
    }
    this.#port = port;
    child.once('exit', (code, signal) => this.#ended(signal ?? `exit code ${code}`));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    await exited;
  }

  #ended(how: string): void {
    if (this.#isStopping) return;
    this.#notice(`${this.name} ended (${how}); it comes back in ${RESTART_DELAY_MS / 1000} s`);
    this.#timer = setTimeout(() => {
      this.start().then(
        () => this.#notice(`${this.name} is back: port ${this.port}, pid ${this.pid}`),
        () => this.#ended('it could not be started'),
      );
    }, RESTART_DELAY_MS);
  }
}
