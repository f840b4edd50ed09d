/** What the doctor looks at. All times in ms since 1970; null where it could not be found out. */
export interface Facts {
  readonly runtime: {
    /** Of Node.js, e.g. `24.22.1`. */
    readonly node: string;
    readonly platform: string;
    readonly arch: string;
    /** Whether the installation refuses a runtime with known faults. */
    readonly isStrict: boolean;
  };
  readonly clock: {
    readonly now: number;
    /** When this version of the product was made. */
    readonly releasedAt: number;
    /** The newest change in the data directory. */
    readonly newestStateAt: number | null;
  };
  readonly home: HomeFacts;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
  /** Infinity for a limit that is not there or not told. */
  readonly descriptors: { readonly limit: number; readonly wanted: number };
  readonly ports: readonly PortFacts[];
  readonly certificates: readonly CertificateFacts[];
  readonly store: StoreFacts;
  /** Null where no worker is configured. */
  readonly workers: WorkerFacts | null;
}

export interface HomeFacts {
  readonly path: string;
  readonly state: 'absent' | 'not_a_directory' | 'not_writable' | 'ready';
  /** Permissions, e.g. 0o700. */
  readonly mode: number | null;
  readonly isOwn: boolean;
}

export interface WorkerFacts {
  /** What runs is found by it. */
  readonly runDirectory: HomeFacts;
  /** Programs that workers are started with, and that are not there. */
  readonly missingPrograms: readonly string[];
}

export interface PortFacts {
  /** What listens there, e.g. `api`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `ours`: a Roundhouse answers there. */
  readonly state: 'free' | 'ours' | 'taken' | 'forbidden' | 'no_such_address';
}

export interface CertificateFacts {
  /** What it is for, e.g. `api`. */
  readonly name: string;
  readonly path: string;
  readonly validFrom: number | null;
  readonly expiresAt: number | null;
  /** Why it cannot be read. */
  readonly fault: string | null;
}

export type StoreFacts =
  | { readonly state: 'reachable'; readonly elapsedMs: number }
  /** By the Roundhouse that runs here; nobody else is let in meanwhile. */
  | { readonly state: 'held'; readonly pid: number }
  | { readonly state: 'unreachable'; readonly code: string; readonly message: string };
