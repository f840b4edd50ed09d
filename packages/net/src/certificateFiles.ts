import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRoundhouseError, type RoundhouseError, reportUncaught, type Scope, type Timer } from '@roundhouse/core';
import { netError } from './errors.ts';
import { openSslReason, secureContextOf, type TlsServerOptions } from './tls.ts';

export interface CertificateFiles {
  /** PEM of the certificate, with its chain behind it. */
  readonly certFile: string;
  /** PEM of its key. */
  readonly keyFile: string;
  /** PEM of the authorities of client certificates. Default: clients are not asked for one. */
  readonly caFile?: string;
  /** What else the listener does. */
  readonly options?: Omit<TlsServerOptions, 'cert' | 'key' | 'clientCa'>;
}

/** A pair that fits together and is good at this time. */
export interface LoadedCertificate {
  readonly tls: TlsServerOptions;
  readonly subject: string;
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint: string;
  /** ms since 1970. */
  readonly expiresAt: number;
}

export interface CertificateHandlers {
  /** Another good pair is there; what it throws is as if the pair were no good. */
  readonly changed: (loaded: LoadedCertificate) => void;
  /** What is there now is no good (TLS_MATERIAL_INVALID); told once, the old pair stays. */
  readonly refused: (error: RoundhouseError) => void;
  /** The pair in use ends in so many days, or has ended: 0. Told at 30, 14, 7, 3, 2, 1 and 0 days. */
  readonly expiring: (loaded: LoadedCertificate, days: number) => void;
}

export interface CertificateWatch {
  /** The pair in use. */
  readonly current: LoadedCertificate;
  /** Whole days until it ends, 0 when it has. */
  readonly daysLeft: number;
  /** Looks at the files at once, as on SIGHUP. Never rejects: the handlers are told. */
  reload(): Promise<void>;
}

/** A renewal writes several files: they are read when nothing has moved for so long, ms. */
const SETTLE_MS = 250;
/** Files are read again this often whatever the system tells of them: network file systems tell nothing. ms. */
const POLL_MS = 60_000;
const DAY_MS = 86_400_000;
const WARN_DAYS = [30, 14, 7, 3, 2, 1, 0] as const;
const MAX_FILE_BYTES = 1_048_576;

/**
 * Loads a pair and follows its files, however they are replaced: written over, renamed into place, or by a symbolic link
 * on the way that points elsewhere. Rejects with TLS_MATERIAL_INVALID when the first pair is no good. The end of the
 * scope ends it.
 */
export async function watchCertificateFiles(
  files: CertificateFiles,
  handlers: CertificateHandlers,
  scope: Scope,
): Promise<CertificateWatch> {
  const first = await scope.race(load(files, scope.clock.now()));
  const follower = new Follower(files, handlers, scope, first);
  await follower.begin();
  return follower;
}

/** Reads and checks a pair. Rejects with TLS_MATERIAL_INVALID. `now`: ms since 1970. */
async function load(files: CertificateFiles, now: number): Promise<LoadedCertificate> {
  const { certFile, keyFile, caFile, options } = files;
  const cert = await readPem(certFile);
  const key = await readPem(keyFile);
  const clientCa = caFile === undefined ? undefined : await readPem(caFile);
  const certificate = parsed(certFile, () => new X509Certificate(cert));
  const privateKey = parsed(keyFile, () => createPrivateKey(key));
  if (clientCa !== undefined) parsed(caFile as string, () => new X509Certificate(clientCa));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unusable(keyFile, `it is not the key of the certificate in ${certFile}`);
  }
  const { validFromDate, validToDate, validTo, validFrom } = certificate;
  if (now >= validToDate.getTime()) throw unusable(certFile, `the certificate ended ${validTo}`);
  if (now < validFromDate.getTime()) throw unusable(certFile, `the certificate begins only ${validFrom}`);
  const tls: TlsServerOptions = { ...options, cert, key, ...(clientCa !== undefined && { clientCa }) };
  parsed(certFile, () => secureContextOf({ ...tls, role: 'server' }));
  return {
    tls,
    subject: certificate.subject.replaceAll('\n', ', '),
    fingerprint: certificate.fingerprint256,
    expiresAt: validToDate.getTime(),
  };
}

class Follower implements CertificateWatch {
  current: LoadedCertificate;
  readonly #files: CertificateFiles;
  readonly #handlers: CertificateHandlers;
  readonly #scope: Scope;
  readonly #watchers = new Map<string, FSWatcher>();
  #settleTimer: Timer | undefined;
  #pollTimer: Timer | undefined;
  #reloading: Promise<void> | undefined;
  /** Something moved while a reload was on its way. */
  #isStale = false;
  /** What was refused last, so that it is told once. */
  #refusal: string | undefined;
  /** The step of WARN_DAYS that was told of. */
  #warned = Infinity;
  #hasEnded = false;

  constructor(files: CertificateFiles, handlers: CertificateHandlers, scope: Scope, first: LoadedCertificate) {
    this.#files = files;
    this.#handlers = handlers;
    this.#scope = scope;
    this.current = first;
  }

  get daysLeft(): number {
    return Math.max(0, Math.floor((this.current.expiresAt - this.#scope.clock.now()) / DAY_MS));
  }

  async begin(): Promise<void> {
    this.#scope.onEnd(() => this.#end());
    await this.#watch();
    // A change between the first load and the watch has been told by nobody.
    await this.reload();
    this.#poll();
  }

  reload(): Promise<void> {
    if (this.#reloading !== undefined) this.#isStale = true;
    this.#reloading ??= this.#reloadAll().finally(() => (this.#reloading = undefined));
    return this.#reloading;
  }

  async #reloadAll(): Promise<void> {
    do {
      this.#isStale = false;
      await this.#reloadOnce();
    } while (this.#isStale && !this.#hasEnded);
  }

  async #reloadOnce(): Promise<void> {
    try {
      const loaded = await load(this.#files, this.#scope.clock.now());
      if (this.#hasEnded) return;
      if (!isSame(loaded, this.current)) {
        this.#take(loaded);
        this.current = loaded;
        this.#warned = Infinity;
      }
      this.#refusal = undefined;
    } catch (error) {
      if (!this.#hasEnded) this.#refuse(error as RoundhouseError);
    }
    // The links may lead elsewhere now.
    await this.#watch();
    if (!this.#hasEnded) this.#warn();
  }

  #take(loaded: LoadedCertificate): void {
    try {
      this.#handlers.changed(loaded);
    } catch (cause) {
      throw isRoundhouseError(cause)
        ? cause
        : unusable(this.#files.certFile, `it was not taken (${String(cause)})`, cause);
    }
  }

  #refuse(error: RoundhouseError): void {
    if (error.message === this.#refusal) return;
    this.#refusal = error.message;
    this.#tell(() => this.#handlers.refused(error));
  }

  #warn(): void {
    const days = this.daysLeft;
    const step = WARN_DAYS.findLast((each) => days <= each);
    if (step === undefined || step >= this.#warned) return;
    this.#warned = step;
    this.#tell(() => this.#handlers.expiring(this.current, days));
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      reportUncaught(error);
    }
  }

  #poll(): void {
    if (this.#hasEnded) return;
    this.#pollTimer = this.#scope.clock.setTimer(POLL_MS, () => void this.reload().then(() => this.#poll()));
  }

  /** Watches the folders of the files, and those that they really lie in: a watch on a file dies when it is replaced. */
  async #watch(): Promise<void> {
    const { certFile, keyFile, caFile } = this.#files;
    const files = [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])];
    const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
    if (this.#hasEnded) return;
    const folders = new Set([...files, ...real].map((file) => dirname(file)));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watchFolder(folder);
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#moved());
      // A folder that goes away is found again by the poll.
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
        this.#moved();
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // There is no folder, or no watch is left (inotify(7)): the poll does it.
    }
  }

  #moved(): void {
    if (this.#hasEnded) return;
    this.#settleTimer?.cancel();
    this.#settleTimer = this.#scope.clock.setTimer(SETTLE_MS, () => void this.reload());
  }

  #end(): void {
    this.#hasEnded = true;
    this.#settleTimer?.cancel();
    this.#pollTimer?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}

function isSame({ tls: a }: LoadedCertificate, { tls: b }: LoadedCertificate): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa;
}

async function readPem(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw unusable(file, `it has more than ${MAX_FILE_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'TLS_MATERIAL_INVALID') throw cause;
    throw unusable(file, `it cannot be read (${code ?? 'unknown'})`, cause);
  }
}

function parsed<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw unusable(file, openSslReason(cause), cause);
  }
}

function unusable(file: string, reason: string, cause?: unknown): RoundhouseError {
  return netError('TLS_MATERIAL_INVALID', { details: { reason: `${file}: ${reason}`, file }, cause });
}
