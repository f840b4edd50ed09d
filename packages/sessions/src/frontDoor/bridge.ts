import type { RoundhouseError, Scope } from '@roundhouse/core';
import { type Attachment, DATA_TYPE, type LiveSession, type Relay } from '@roundhouse/tn3270';
import type { RawTerminal, RawTerminalHandler } from '@roundhouse/tn3270/host';
import { frontDoorError } from './errors.ts';
import { showNotice } from './notice.ts';

/** What ended a bridge. Where the session did, the terminal is still there and may be bridged to another. */
export interface BridgeEnd {
  readonly by: 'terminal' | 'session' | 'owner';
  readonly error?: RoundhouseError;
}

const CONTINUE = 'Press Enter to continue.';

/**
 * Carries a session to a terminal, both ways, until either or the scope ends; the session's present screen is drawn
 * first. Raises SESSION_ATTACHED, SESSION_CLOSED, TERMINAL_SIZE_MISMATCH, or the reason of a scope that has
 * ended.
 */
export function bridge(terminal: RawTerminal, session: LiveSession, scope: Scope, onRecord?: OnRecord): Bridge {
  return new Bridge(terminal, session, scope, onRecord);
}

/** Called with each record of the terminal before the session has it; the body is borrowed. */
type OnRecord = (session: LiveSession, dataType: number, body: Uint8Array) => void;

/** A terminal on a session. It owns neither: both outlive it. */
export class Bridge {
  readonly #terminal: RawTerminal;
  readonly #onRecord: OnRecord | undefined;
  readonly #ended = Promise.withResolvers<BridgeEnd>();
  readonly #leaveScopes: ReadonlyArray<() => void>;
  #session: LiveSession;
  #attachment: Attachment | undefined;
  /** The terminal cannot be sent what came: it is drawn anew. */
  #redraws = false;
  /** The picture was drawn while the host had the word, and not every terminal is locked by that. */
  #awaitsHost = false;
  #isOver = false;

  constructor(terminal: RawTerminal, session: LiveSession, scope: Scope, onRecord?: OnRecord) {
    scope.throwIfEnded();
    terminal.scope.throwIfEnded();
    this.#terminal = terminal;
    this.#onRecord = onRecord;
    this.#session = session;
    this.#take(session);
    this.#leaveScopes = [
      terminal.scope.onEnd((error) => this.#finish({ by: 'terminal', error })),
      scope.onEnd((error) => this.#finish({ by: 'owner', error })),
    ];
  }

  /** The session under the terminal at present. */
  get session(): LiveSession {
    return this.#session;
  }

  /** Resolves when the bridge is over; the session, where it lives, is nobody's then. */
  get ended(): Promise<BridgeEnd> {
    return this.#ended.promise;
  }

  /**
   * Puts another session under the terminal; the one before is detached and lives on. With a message the person reads
   * it first, and the session is taken when any key that sends is pressed. Raises as `bridge` does, the bridge being as
   * before; no effect when it is over.
   */
  switchTo(next: LiveSession, message?: readonly string[]): void {
    if (this.#isOver) return;
    if (message === undefined) return this.#take(next);
    checkSize(this.#terminal, next);
    this.#release();
    this.#session = next;
    showNotice(this.#terminal, [...message, '', CONTINUE], { unlocked: true, codePage: next.codePage.id });
    const take = (): void => {
      try {
        this.#take(next);
      } catch (error) {
        this.#finish({ by: 'session', error: error as RoundhouseError });
      }
    };
    this.#terminal.handle({ ...IDLE, record: take });
  }

  /** Ends the bridge and leaves terminal and session as they are. Idempotent. */
  detach(): void {
    this.#finish({ by: 'owner' });
  }

  #take(session: LiveSession): void {
    checkSize(this.#terminal, session);
    const attachment = session.attach(this.#relay(session));
    this.#release();
    this.#session = session;
    this.#attachment = attachment;
    this.#terminal.handle(this.#operator(attachment));
    this.#draw();
    this.#flush();
  }

  /** Gives the session back, and lets the terminal be read again. */
  #release(): void {
    this.#attachment?.detach();
    this.#attachment = undefined;
    this.#terminal.handle(IDLE);
    this.#terminal.resume();
  }

  #relay(session: LiveSession): Relay {
    return {
      record: (dataType, requestFlag, body, framed) => {
        this.#awaitsHost = false;
        if (this.#terminal.send(dataType, requestFlag, body, framed)) return;
        // A bid draws nothing; without contention resolution the terminal has no word for it.
        if (dataType !== DATA_TYPE.BID.code) this.#redraws = true;
      },
      settled: () => {
        if (this.#redraws) this.#draw();
        this.#flush();
      },
      drained: () => this.#terminal.resume(),
      ended: (error) => {
        this.#terminal.flush();
        if (this.#session === session) this.#finish({ by: 'session', ...(error && { error }) });
      },
    };
  }

  #operator(attachment: Attachment): RawTerminalHandler {
    return {
      record: (dataType, body) => {
        if (this.#awaitsHost) return;
        this.#onRecord?.(this.#session, dataType, body);
        if (!attachment.sendRecord(dataType, body)) this.#terminal.pause();
        // What a classic terminal sends to something other than a 3270 application is lost: let it type again.
        if (this.#terminal.protocol === 'tn3270' && !this.#in3270) {
          this.#draw();
          this.#flush();
        }
      },
      attention: () => attachment.attention(),
      systemRequest: () => attachment.systemRequest(),
      drained: () => attachment.resume(),
    };
  }

  get #in3270(): boolean {
    const { connectionState } = this.#session;
    return connectionState === 'connected-3270' || connectionState === 'connected-tn3270e';
  }

  #draw(): void {
    const terminal = this.#terminal;
    this.#redraws = false;
    const picture = this.#attachment?.picture({
      extended: terminal.model.extended,
      tn3270e: terminal.protocol === 'tn3270e',
      takesBinds: terminal.takesBinds,
    });
    if (picture === undefined) return;
    if (picture.bound === null) terminal.unbind();
    else terminal.bind(picture.bound);
    for (const { dataType, requestFlag, body } of picture.records) terminal.send(dataType, requestFlag, body);
    this.#awaitsHost = picture.locked;
  }

  #flush(): void {
    if (!this.#terminal.flush()) this.#attachment?.pause();
  }

  #finish(end: BridgeEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#release();
    for (const leave of this.#leaveScopes) leave();
    this.#ended.resolve(end);
  }
}

/** A terminal that nobody listens to. */
const IDLE: RawTerminalHandler = { record() {}, attention() {}, systemRequest() {}, drained() {} };

/** A terminal that takes BINDs is told the size; any other has but its own. */
function checkSize(terminal: RawTerminal, session: LiveSession): void {
  const { rows, columns } = session.emulator.sizes.alternateSize;
  const { size } = terminal;
  const isSame = size.rows === rows && size.columns === columns;
  const isLarger = size.rows >= rows && size.columns >= columns;
  if (isSame || (isLarger && terminal.takesBinds)) return;
  throw frontDoorError('TERMINAL_SIZE_MISMATCH', {
    details: { terminal_rows: size.rows, terminal_columns: size.columns, rows, columns },
  });
}
