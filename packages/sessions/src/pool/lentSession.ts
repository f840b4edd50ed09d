import { Emitter, type EventSource, type RoundhouseError, type Scope, type Unsubscribe } from '@roundhouse/core';
import {
  type CodePage,
  type ConnectionState,
  type InputAction,
  type LockReason,
  type Model,
  Screen,
  type Session,
  type SessionEvents,
  type SessionStatistics,
  tn3270Error,
  type WaitCondition,
} from '@roundhouse/tn3270';

/**
 * A session in the hands of one user. To close it is to give it back: from then on it is closed for whoever still holds
 * it, waits included, and shows nothing of what becomes of the session behind it. To destroy it, or to let it end with
 * its scope, cuts the connection.
 */
export class LentSession implements Session {
  readonly codePage: CodePage;
  readonly model: Model;
  readonly #session: Session;
  readonly #emitter = new Emitter<SessionEvents>();
  /** End when it is given back. */
  readonly #waits = new Set<Scope>();
  readonly #giveBack: () => void;
  readonly #subscriptions: readonly Unsubscribe[];
  /** Stands in for the screen when that is somebody else's. */
  #blank: Screen | undefined;
  #hasEnded = false;

  /** `giveBack` is called once, unless the session ends before; what it starts goes on behind `close`. */
  constructor(session: Session, scope: Scope, giveBack: () => void) {
    this.codePage = session.codePage;
    this.model = session.model;
    this.#session = session;
    this.#giveBack = giveBack;
    this.#subscriptions = [
      session.on('screenChanged', (fact) => this.#emitter.emit('screenChanged', fact)),
      session.on('connectionStateChanged', (fact) => this.#emitter.emit('connectionStateChanged', fact)),
      session.on('lockChanged', (fact) => this.#emitter.emit('lockChanged', fact)),
      session.on('alarm', (fact) => this.#emitter.emit('alarm', fact)),
      session.on('closed', (fact) => this.#end(fact)),
      scope.onEnd((reason) => this.destroy(reason)),
    ];
  }

  on: EventSource<SessionEvents>['on'] = (name, listener) => this.#emitter.on(name, listener);

  get connectionState(): ConnectionState {
    return this.#hasEnded ? 'not-connected' : this.#session.connectionState;
  }

  get screen(): Screen {
    return this.#blank ?? this.#session.screen;
  }

  get lu(): string | null {
    return this.#session.lu;
  }

  get pluName(): string | null {
    return this.#session.pluName;
  }

  get tls(): Session['tls'] {
    return this.#session.tls;
  }

  get keyboardLocked(): boolean {
    return this.#hasEnded || this.#session.keyboardLocked;
  }

  get lockReason(): LockReason | null {
    return this.#hasEnded ? 'not_connected' : this.#session.lockReason;
  }

  get statistics(): SessionStatistics {
    return this.#session.statistics;
  }

  perform(action: InputAction): void {
    if (this.#blank !== undefined) throw givenBack();
    this.#session.perform(action);
  }

  async waitFor(condition: WaitCondition, scope: Scope): Promise<void> {
    if (this.#blank !== undefined) throw givenBack();
    using wait = scope.child();
    this.#waits.add(wait);
    try {
      await this.#session.waitFor(condition, wait);
    } finally {
      this.#waits.delete(wait);
    }
  }

  async close(): Promise<void> {
    if (this.#hasEnded) return;
    this.#blank = new Screen(this.model.defaultSize);
    for (const wait of this.#waits) wait.end(givenBack());
    this.#end({});
    this.#giveBack();
  }

  destroy(reason?: RoundhouseError): void {
    if (!this.#hasEnded) this.#session.destroy(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #end(fact: SessionEvents['closed']): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#emitter.emit('closed', fact);
    this.#emitter.clear();
  }
}

function givenBack(): RoundhouseError {
  return tn3270Error('SESSION_CLOSED', { details: { reason: 'it was closed' } });
}
