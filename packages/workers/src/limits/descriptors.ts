import type { IoUsage } from './groups.ts';
import { type KernelFiles, readIfThere } from './kernelFiles.ts';

/** Descriptors of one instance that are looked at for connections; a bound of the work, not of the program. */
const MAX_DESCRIPTORS = 20_000;
/** Field `st` of `/proc/net/tcp`: TCP_ESTABLISHED. */
const ESTABLISHED = '01';

/** Open descriptors; null when we may not look. */
export function countDescriptors(pid: number, files: KernelFiles): number | null {
  try {
    const path = `/proc/${pid}/fd`;
    // Linux tells their number since 6.2, and 0 before.
    return files.size(path) || files.list(path).length;
  } catch {
    return null;
  }
}

/** What a process and the children that it has waited for have read from and written to disks; null when we may not look. */
export function readProcessIo(pid: number, files: KernelFiles): IoUsage | null {
  const text = readIfThere(files, `/proc/${pid}/io`);
  if (text === undefined) return null;
  const value = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    readBytes: value('read_bytes'),
    writeBytes: value('write_bytes'),
    readOps: value('syscr'),
    writeOps: value('syscw'),
  };
}

/** Bytes of a process in swap. */
export function readSwap(pid: number, files: KernelFiles): number {
  const text = readIfThere(files, `/proc/${pid}/status`);
  return Number(/^VmSwap:\s+(\d+) kB/m.exec(text ?? '')?.[1] ?? 0) * 1_024;
}

/** Established TCP connections at one moment, each network namespace read once. */
export class ConnectionTable {
  readonly #files: KernelFiles;
  readonly #namespaces = new Map<string, ReadonlySet<string>>();

  constructor(files: KernelFiles) {
    this.#files = files;
  }

  /** Those that the processes hold, a shared one once; null when we may not look at one of them. */
  count(pids: readonly number[]): number | null {
    const held = new Set<string>();
    let looked = 0;
    for (const pid of pids) {
      try {
        const established = this.#established(pid);
        for (const descriptor of this.#files.list(`/proc/${pid}/fd`)) {
          if (++looked > MAX_DESCRIPTORS) return held.size;
          const target = this.#target(`/proc/${pid}/fd/${descriptor}`);
          if (target !== undefined && established.has(target)) held.add(target);
        }
      } catch (error) {
        if (isForbidden(error)) return null;
      }
    }
    return held.size;
  }

  #established(pid: number): ReadonlySet<string> {
    const namespace = this.#files.readLink(`/proc/${pid}/ns/net`);
    let sockets = this.#namespaces.get(namespace);
    if (sockets === undefined) {
      sockets = new Set(['tcp', 'tcp6'].flatMap((each) => this.#read(`/proc/${pid}/net/${each}`)));
      this.#namespaces.set(namespace, sockets);
    }
    return sockets;
  }

  #read(path: string): string[] {
    const lines = (readIfThere(this.#files, path) ?? '').split('\n').slice(1);
    return lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      return fields[3] === ESTABLISHED ? [`socket:[${fields[9]}]`] : [];
    });
  }

  /** Undefined for one that was closed meanwhile. */
  #target(path: string): string | undefined {
    try {
      return this.#files.readLink(path);
    } catch {
      return undefined;
    }
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}
