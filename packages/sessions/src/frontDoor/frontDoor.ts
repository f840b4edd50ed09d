import type { CreateSession } from '@roundhouse/api';
import { type Clock, isRoundhouseError, type Logger, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { TlsServerOptions } from '@roundhouse/net';
import { createRateLimit, type RateLimit } from '@roundhouse/resilience';
import { LiveSession } from '@roundhouse/tn3270';
import { type Host, type RawTerminal, serveRawHost } from '@roundhouse/tn3270/host';
import type { Gateway } from '../gateway.ts';
import type { SessionEntry } from '../session/entry.ts';
import { type InputDigest, type SubmittedInput, submittedRecord } from '../session/submitted.ts';
import { bridge } from './bridge.ts';
import { frontDoorError } from './errors.ts';
import { whenIdle } from './idle.ts';
import { gatewayLus } from './lus.ts';
import { askGroup } from './menu.ts';
import { nextAttention } from './attention.ts';
import { showNotice } from './notice.ts';

export interface FrontDoorOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: TlsServerOptions;
  /** STARTTLS for plain terminals. */
  readonly startTls?: TlsServerOptions;
  /** Group of the terminals that nothing else decides for. Without it they choose from a menu. */
  readonly group?: string;
  /** Group by the LU or pool name that a terminal asks for. A name that is no key is asked of the host. */
  readonly groupsByLu?: Readonly<Record<string, string>>;
  /** Group by the server name of TLS (SNI), in lower case. */
  readonly groupsByServerName?: Readonly<Record<string, string>>;
  /** Terminals of one address at a time. Default 1,000. */
  readonly maxPerAddress?: number;
  /** Connections of one address in a minute. Default 600. */
  readonly maxPerAddressPerMinute?: number;
  /** Time after which a terminal that nobody has used is disconnected, ms. Default: never. */
  readonly idleTimeoutMs?: number;
}

/** What somebody at a terminal has sent. */
export interface TerminalInput extends SubmittedInput {
  readonly sessionId: string;
  /** Address and port of the terminal. */
  readonly peer: string;
  /** Empty while there is none. */
  readonly host: string;
}

export interface FrontDoorDependencies {
  /** Hears of each screen that is sent; must be quick. */
  readonly onInput?: (input: TerminalInput) => void;
  /** Of what stands in the fields that are shown. Default: none is made. */
  readonly digest?: InputDigest;
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly log: Logger;
}

const MINUTE_MS = 60_000;
/** How long a message stays for a person who does not answer, ms. */
const MESSAGE_TIMEOUT_MS = 60_000;

/**
 * Listens for terminals and gives each a session of a group, or the one that its ticket is for. A session of a group
 * ends with its terminal; when its host is lost, the terminal shows that, waits, and goes on with the next one. Who does
 * not use a terminal is logged off in time. Rejects as `serveRawHost` does.
 */
export function openFrontDoor(options: FrontDoorOptions, deps: FrontDoorDependencies, scope: Scope): Promise<Host> {
  const { host, port, tls, startTls } = options;
  const door = new FrontDoor(options, deps);
  return serveRawHost(
    {
      port,
      lus: gatewayLus(),
      pluName: 'GATEWAY',
      ...(host === undefined ? {} : { host }),
      ...(tls === undefined ? {} : { tls }),
      ...(startTls === undefined ? {} : { startTls }),
    },
    (terminal) => door.serve(terminal),
    { log: deps.log },
    scope,
  );
}

/** A terminal, and the session that it was given; null before that. */
interface Visit {
  readonly terminal: RawTerminal;
  sessionId: string | null;
}

class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #gateway: Gateway;
  readonly #log: Logger;
  readonly #noter: Pick<FrontDoorDependencies, 'onInput' | 'digest'>;
  readonly #rate: RateLimit;
  readonly #perAddress = new Map<string, number>();

  constructor(options: FrontDoorOptions, { gateway, clock, log, ...noter }: FrontDoorDependencies) {
    this.#options = options;
    this.#gateway = gateway;
    this.#log = log;
    this.#noter = noter;
    this.#rate = createRateLimit(
      {
        limit: options.maxPerAddressPerMinute ?? 600,
        intervalMs: MINUTE_MS,
        what: 'Connections of one address to the front door',
      },
      { clock },
    );
  }

  /** One terminal, from its negotiation to its end. */
  async serve(terminal: RawTerminal): Promise<void> {
    const address = addressOf(terminal.peer);
    const count = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, count);
    const visit: Visit = { terminal, sessionId: null };
    const { idleTimeoutMs } = this.#options;
    const leave =
      idleTimeoutMs === undefined ? undefined : whenIdle(terminal, idleTimeoutMs, () => this.#logOff(visit));
    try {
      this.#admit(address, count);
      await this.#session(visit);
    } catch (error) {
      if (terminal.scope.signal.aborted) return;
      await this.#tell(terminal, error);
    } finally {
      leave?.();
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    }
  }

  #admit(address: string, count: number): void {
    const maxPerAddress = this.#options.maxPerAddress ?? 1_000;
    if (count > maxPerAddress) {
      throw frontDoorError('ADDRESS_LIMIT_REACHED', { details: { address, max_terminals: maxPerAddress } });
    }
    this.#rate.take(address);
  }

  /** Its end is that of a terminal that has left: what becomes of the session is the same. */
  #logOff({ terminal, sessionId }: Visit): void {
    const error = frontDoorError('TERMINAL_IDLE', { details: { idle_ms: this.#options.idleTimeoutMs } });
    const { code, message, hint } = error;
    const { peer, lu } = terminal;
    this.#log.info('terminal logged off', { peer, code, ...(sessionId !== null && { session_id: sessionId }) });
    this.#gateway.events.publish('terminal.logged_off', lu, {
      address: addressOf(peer).replace(/^\[|\]$/g, ''),
      session_id: sessionId,
      idle_ms: this.#options.idleTimeoutMs,
      code,
    });
    showNotice(terminal, ['You have been logged off.', '', message, hint, '', `Code ${code}`]);
    void terminal.close();
  }

  async #session(visit: Visit): Promise<void> {
    const { terminal } = visit;
    const { scope, requestedLu } = terminal;
    const taken = requestedLu === null ? undefined : this.#gateway.redeemTicket(requestedLu.toUpperCase());
    if (taken !== undefined) {
      visit.sessionId = taken.id;
      return await follow(terminal, taken, this.#noter);
    }
    const group = await this.#groupOf(terminal);
    showNotice(terminal, ['', `Connecting to ${group} …`]);
    const entry = await this.#gateway.create(this.#request(terminal, group), scope, { isFresh: true });
    visit.sessionId = entry.id;
    this.#log.info('terminal placed', { peer: terminal.peer, session_id: entry.id, group });
    try {
      await follow(terminal, entry, this.#noter);
    } finally {
      await this.#gateway.sessions.remove(entry.id).catch(() => {});
    }
  }

  async #groupOf(terminal: RawTerminal): Promise<string> {
    const { group, groupsByLu = {}, groupsByServerName = {} } = this.#options;
    const { requestedLu, tls } = terminal;
    const serverName = tls?.serverName ?? null;
    const byLu = requestedLu === null ? undefined : groupsByLu[requestedLu.toUpperCase()];
    const byName = serverName === null ? undefined : groupsByServerName[serverName.toLowerCase()];
    return byLu ?? byName ?? group ?? (await askGroup(terminal, this.#gateway.directory.groupIds()));
  }

  #request(terminal: RawTerminal, group: string): CreateSession {
    const { groupsByLu = {} } = this.#options;
    const { requestedLu, model, size, peer } = terminal;
    const asksHost = requestedLu !== null && !(requestedLu.toUpperCase() in groupsByLu);
    return {
      group,
      model: model.name,
      wait: 'screen',
      application: 'front-door',
      metadata: { peer },
      ...(model.dynamic ? { oversize: { rows: size.rows, columns: size.columns } } : {}),
      ...(asksHost ? { lu: requestedLu } : {}),
    };
  }

  /** What went wrong, for the person at the terminal. */
  async #tell(terminal: RawTerminal, error: unknown): Promise<void> {
    const { message, hint } = isRoundhouseError(error) ? error : { message: 'Something failed', hint: '' };
    const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    this.#log.warn('terminal refused', { peer: terminal.peer, code });
    await say(terminal, ['No session could be opened.', '', message, hint, '', `Code ${code}`]);
  }
}

const OTHER_HOST = ['The host was lost. You are on another one now.', '', 'You may have to log on again.'];
const INDETERMINATE = [
  'Your last input may or may not have been carried out:',
  'look at the data before you repeat it.',
];

type Noter = Pick<FrontDoorDependencies, 'onInput' | 'digest'>;

/** Keeps the terminal on the session, over all hosts that it has, until either ends. */
async function follow(terminal: RawTerminal, entry: SessionEntry, noter: Noter): Promise<void> {
  const { scope } = terminal;
  let message: readonly string[] | undefined;
  for (;;) {
    const session = entry.line?.session;
    if (entry.hasEnded || !(session instanceof LiveSession)) return farewell(terminal, entry);
    if (message !== undefined && !(await say(terminal, message))) return;
    const end = await bridged(terminal, entry, session, noter);
    if (end.by === 'terminal' || scope.signal.aborted) return;
    const wasOut = entry.awaitsHost;
    if (!entry.hasEnded && entry.line?.session === session) {
      showNotice(terminal, ['The host was lost.', '', 'Another one is being sought. Please wait …']);
      await lineChanged(entry, session, scope);
    }
    message = wasOut ? [...OTHER_HOST, '', ...INDETERMINATE] : OTHER_HOST;
  }
}

/** One session under the terminal, and those that a move puts there. */
async function bridged(terminal: RawTerminal, entry: SessionEntry, first: LiveSession, { onInput, digest }: Noter) {
  const note =
    onInput &&
    ((session: LiveSession, dataType: number, body: Uint8Array): void => {
      const input = submittedRecord(session, dataType, body, digest);
      if (input === undefined) return;
      onInput({ ...input, sessionId: entry.id, peer: terminal.peer, host: entry.resource().host });
    });
  const carried = bridge(terminal, first, terminal.scope, note);
  const use = first.on('lockChanged', () => entry.noteUse());
  const leave = entry.onLineChanged(() => {
    const next = entry.line?.session;
    if (entry.hasEnded || !(next instanceof LiveSession) || next === carried.session) return;
    carried.switchTo(next, ['This session was moved to another host.', '', 'You may have to log on again.']);
  });
  try {
    return await carried.ended;
  } finally {
    use();
    leave();
  }
}

/** Resolves when the entry has another line, or has ended. */
function lineChanged(entry: SessionEntry, session: LiveSession, scope: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    const isOver = (): boolean => entry.hasEnded || (entry.line !== undefined && entry.line.session !== session);
    if (isOver()) return resolve();
    const leave = entry.onLineChanged(() => {
      if (!isOver()) return;
      leave();
      leaveScope();
      resolve();
    });
    const leaveScope = scope.onEnd((reason: RoundhouseError) => {
      leave();
      reject(reason);
    });
  });
}

async function farewell(terminal: RawTerminal, { error }: SessionEntry): Promise<void> {
  // A host that hangs up has been logged off from.
  if (error === undefined || error.code === 'HOST_CLOSED') return;
  await say(terminal, ['The session has ended.', '', error.message, error.hint, '', `Code ${error.code}`]);
}

/** Shows a message until a key is pressed. False when the terminal leaves, or nobody answers. */
async function say(terminal: RawTerminal, lines: readonly string[]): Promise<boolean> {
  using reading = terminal.scope.child({ timeoutMs: MESSAGE_TIMEOUT_MS });
  showNotice(terminal, [...lines, '', 'Press Enter to continue.'], { unlocked: true });
  return await nextAttention(terminal, reading).then(
    () => true,
    () => false,
  );
}

/** The address of a peer, without its port. */
function addressOf(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'));
}
