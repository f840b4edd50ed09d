import { chmod, chown, mkdir, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { codeOf } from '../limits/kernelFiles.ts';
import type { Launch, ProcessIdentity } from './contract.ts';
import type { LaunchScript } from './script.ts';
import type { SocketSet } from './socketSet.ts';

const FIFOS = ['control', 'life', 'out', 'err'];

/** Files of an instance that are numbered: by generation, and `shim` by the number of the shim. */
const NUMBERED = /^(shim|launch|program|pid|exit|secrets)\.(\d+)$/;
type Numbered = 'shim' | 'launch' | 'program' | 'pid' | 'exit' | 'secrets';

/** Line of `pid.G`. */
export interface RunRecord {
  readonly process: ProcessIdentity;
  readonly token: string;
  /** The shim that has it as its child. */
  readonly shim: number;
}

/** What `shim.N` says. */
export interface ShimClaim {
  readonly process: ProcessIdentity;
  /** Key of the sockets that it has; undefined for none. */
  readonly sockets: string | undefined;
  /** Why it could not have them: it has ended. */
  readonly refusal: string | undefined;
}

/** What is in the directory of an instance. */
export interface Listing {
  /** Whether the directory itself is there. */
  readonly isThere: boolean;
  /** Whether nothing has ever been started in it. */
  readonly isFresh: boolean;
  /** FIFOs that are still to be made. */
  readonly missing: readonly string[];
  /** The latest of each; 0 for none. */
  readonly shim: number;
  readonly generation: number;
  readonly numbered: readonly { readonly kind: Numbered; readonly number: number }[];
}

/** `run/workers/<worker>/<number>`: all that is known of an instance when nobody remembers it. Raises Node's errors. */
export class InstanceDirectory {
  readonly path: string;
  readonly #root: string;

  constructor(runDirectory: string, instance: InstanceId) {
    this.#root = runDirectory;
    this.path = join(runDirectory, 'workers', nameOf(instance));
  }

  get control(): string {
    return join(this.path, 'control');
  }

  get life(): string {
    return join(this.path, 'life');
  }

  file(kind: Numbered, number: number): string {
    return join(this.path, `${kind}.${number}`);
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  async list(): Promise<Listing> {
    let names: readonly string[] = [];
    let isThere = true;
    try {
      names = await readdir(this.path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      isThere = false;
    }
    const numbered = names.flatMap((name) => {
      const [, kind, number] = NUMBERED.exec(name) ?? [];
      return kind === undefined ? [] : [{ kind: kind as Numbered, number: Number(number) }];
    });
    const latest = (isWanted: (kind: Numbered) => boolean): number =>
      Math.max(0, ...numbered.filter(({ kind }) => isWanted(kind)).map(({ number }) => number));
    const missing = FIFOS.filter((name) => !names.includes(name));
    return {
      isThere,
      isFresh: missing.length === FIFOS.length && numbered.length === 0,
      missing: missing.map((name) => join(this.path, name)),
      shim: latest((kind) => kind === 'shim'),
      generation: latest((kind) => kind === 'launch' || kind === 'pid' || kind === 'exit'),
      numbered,
    };
  }

  /** Undefined when it is not there, or not complete: `'partial'`. */
  async readRun(generation: number): Promise<RunRecord | 'partial' | undefined> {
    const text = await readIfThere(this.file('pid', generation));
    return text === undefined ? undefined : (parseRun(text) ?? 'partial');
  }

  /** Undefined when it is not there, or not complete. */
  async readShim(number: number): Promise<ShimClaim | undefined> {
    const text = await readIfThere(this.file('shim', number));
    return parseClaim(Buffer.from(text ?? '', 'latin1').toString());
  }

  async writeSockets({ key, text }: SocketSet): Promise<void> {
    const temporary = join(this.path, 'sockets.new');
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, join(this.path, `sockets.${key}`));
  }

  async forgetSockets({ key }: SocketSet): Promise<void> {
    await removeFile(join(this.path, `sockets.${key}`));
  }

  /** Status and time (wall clock, ms) of a run that has ended and whose shim has lived to write it down. */
  async readExit(generation: number): Promise<{ readonly status: number; readonly at: number } | undefined> {
    const path = this.file('exit', generation);
    const [, status] = /^(\d+) \.\n$/.exec((await readIfThere(path)) ?? '') ?? [];
    return status === undefined ? undefined : { status: Number(status), at: Math.round((await stat(path)).mtimeMs) };
  }

  /**
   * They hold values of the environment: for their owner alone, and removed by {@link forgetLaunch}. Not renamed into place,
   * because a shell that reads a part of one does nothing.
   */
  async writeLaunch(generation: number, { launch, program }: LaunchScript): Promise<void> {
    if (program !== undefined) await writeFile(this.file('program', generation), program, { mode: 0o600 });
    await writeFile(this.file('launch', generation), launch, { mode: 0o600 });
  }

  async forgetLaunch(generation: number): Promise<void> {
    await Promise.all([removeFile(this.file('launch', generation)), removeFile(this.file('program', generation))]);
  }

  /** Writes the secret files of a run, for its user alone; gives their directory. */
  async writeSecrets(generation: number, { secretFiles, user }: Launch): Promise<string> {
    const directory = this.file('secrets', generation);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
    const isForeign = user !== undefined && user.uid !== process.geteuid?.();
    for (const [name, text] of Object.entries(secretFiles)) {
      const path = join(directory, name);
      await writeFile(path, text, { mode: 0o400 });
      if (isForeign) await chown(path, user.uid, user.gid);
    }
    if (isForeign) {
      await chown(directory, user.uid, user.gid);
      // To be passed through, never listed: what is in them is for their owner alone.
      for (const each of [this.path, dirname(this.path), join(this.#root, 'workers'), this.#root])
        await chmod(each, 0o711);
    }
    return directory;
  }

  /** Removes all files of a generation: it may be asked for again. */
  async forget(generation: number): Promise<void> {
    await this.forgetLaunch(generation);
    await this.forgetSecrets(generation);
    await removeFile(this.file('exit', generation));
    await removeFile(this.file('pid', generation));
  }

  /** Removes what is left of generations before this one, and of shims before the latest. */
  async tidy({ numbered, shim }: Listing, generation: number): Promise<void> {
    const old = numbered.filter(({ kind, number }) => number < (kind === 'shim' ? shim : generation));
    await Promise.all(
      old.map(({ kind, number }) =>
        kind === 'secrets' ? this.forgetSecrets(number) : removeFile(this.file(kind, number)),
      ),
    );
  }

  async forgetSecrets(generation: number): Promise<void> {
    await rm(this.file('secrets', generation), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
    // The worker's, when this was its last instance.
    await rmdir(dirname(this.path)).catch(() => {});
  }
}

/** `PID START BOOT .`, `PID START BOOT sockets KEY .`, `PID START BOOT refused REASON .` */
export function parseClaim(text: string): ShimClaim | undefined {
  const [, pid, startTime, bootId, sockets, refusal] =
    /^(\d+) (\d+) (\S+)(?: sockets (\S+)| refused (.+))? \.\n$/.exec(text) ?? [];
  if (bootId === undefined) return undefined;
  return { process: { pid: Number(pid), startTime: Number(startTime), bootId }, sockets, refusal };
}

/** `PID START BOOT TOKEN SHIM .` */
export function parseRun(text: string): RunRecord | undefined {
  const [, pid, startTime, bootId, token, shim] = /^(\d+) (\d+) (\S+) (\S+) (\d+) \.\n$/.exec(text) ?? [];
  if (bootId === undefined || token === undefined) return undefined;
  return { process: { pid: Number(pid), startTime: Number(startTime), bootId }, token, shim: Number(shim) };
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
