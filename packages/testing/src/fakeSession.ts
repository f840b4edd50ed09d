import { Emitter, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  type Cell,
  CHAR_MASK,
  codePage,
  type CodePage,
  type ConnectionState,
  FIELD,
  FIELD_ATTRIBUTE,
  type InputAction,
  isNondisplay,
  isProtected,
  type LockReason,
  type Model,
  parseModel,
  Screen,
  type Session,
  type SessionEvents,
  type SessionOptions,
  type SessionStatistics,
  tn3270Error,
  type WaitCondition,
} from '@roundhouse/tn3270';

/** Keys that give the host the word, as this fake knows them. */
const AID_KEYS = /^(?:Enter|Clear|PA\d|PF\d+)$/;

/**
 * A session without a host: the real screen with a small keyboard, and a test in the place of the host. It types, moves
 * and waits as the contract says; insert mode, editing keys and record formats are the engine's own business.
 */
export class FakeSession implements Session {
  readonly screen: Screen;
  readonly codePage: CodePage;
  readonly model: Model;
  readonly lu: string | null = null;
  readonly pluName: string | null = null;
  readonly tls: Session['tls'] = null;
  readonly statistics: SessionStatistics = {
    bytesReceived: 0,
    bytesSent: 0,
    recordsReceived: 0,
    recordsSent: 0,
    recordsRefused: 0,
    lastResponseMs: null,
  };
  /** Called when a key gives the host the word; the keyboard is locked then. */
  onAid: ((key: string) => void) | undefined;
  readonly #emitter = new Emitter<SessionEvents>();
  #connectionState: ConnectionState = 'connected-tn3270e';
  #lockReason: LockReason | null = 'awaiting_first';
  #ended: { readonly error?: RoundhouseError } | undefined;

  constructor(options: Pick<SessionOptions, 'model' | 'codePage'> = {}) {
    this.model = parseModel(options.model ?? '3279-2-E');
    this.codePage = codePage(options.codePage ?? '037');
    this.screen = new Screen(this.model.defaultSize);
  }

  on: Session['on'] = (name, listener) => this.#emitter.on(name, listener);

  get connectionState(): ConnectionState {
    return this.#connectionState;
  }

  get keyboardLocked(): boolean {
    return this.#lockReason !== null;
  }

  get lockReason(): LockReason | null {
    return this.#lockReason;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  perform(action: InputAction): void {
    this.#requireLive();
    if (action.type === 'cursor') return this.#moveCursor(action.row, action.column);
    if (this.#lockReason !== null && !(action.type === 'key' && action.key === 'Reset')) {
      throw tn3270Error('KEYBOARD_LOCKED', { details: { reason: this.#lockReason } });
    }
    if (action.type === 'text') this.#type(action.text);
    else if (action.type === 'field') {
      this.#moveCursor(action.row, action.column);
      this.#type(action.value);
    } else this.#press(action.key);
  }

  waitFor(condition: WaitCondition, scope: Scope): Promise<void> {
    const start = this.screen.version;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        for (const unsubscribe of subscriptions) unsubscribe();
        leaveScope();
        finish();
      };
      const check = (): void => {
        if (this.#ended !== undefined) settle(() => reject(this.#endError()));
        else if (this.#holds(condition, start)) settle(resolve);
      };
      let leaveScope = (): void => {};
      const subscriptions = [this.on('screenChanged', check), this.on('lockChanged', check), this.on('closed', check)];
      leaveScope = scope.onEnd((reason) => settle(() => reject(reason)));
      check();
    });
  }

  async close(): Promise<void> {
    this.#end({});
  }

  destroy(reason?: RoundhouseError): void {
    this.#end(reason === undefined ? {} : { error: reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The host writes text at a place, from 1. */
  hostWrites(row: number, column: number, text: string): void {
    const start = this.#address(row, column);
    [...text].forEach((character, index) => {
      const code = this.codePage.fromUnicode(character.codePointAt(0) as number);
      this.screen.cells[start + index] = code;
    });
    this.#changed(false);
  }

  /** The host sets a field attribute at a place, from 1; `bits` of FIELD_ATTRIBUTE, cell bits for colours. */
  hostSetsField(row: number, column: number, bits: number, cellBits: Cell = 0): void {
    this.screen.cells[this.#address(row, column)] = FIELD | cellBits | FIELD_ATTRIBUTE.Printable | bits;
    this.#changed(true);
  }

  /** The host has written, and keeps the keyboard locked. */
  hostLocks(): void {
    this.#lock('system');
  }

  hostUnlocks(): void {
    this.#lock(null);
  }

  /** The host ends the session. */
  hostCloses(error: RoundhouseError = tn3270Error('HOST_CLOSED', { details: { peer: 'fake' } })): void {
    this.#end({ error });
  }

  #press(key: string): void {
    if (AID_KEYS.test(key)) {
      this.#lock('twait');
      this.onAid?.(key);
    } else if (key === 'Reset') {
      if (this.#lockReason !== 'awaiting_first') this.#lock(null);
    } else if (key === 'Tab') {
      this.screen.moveCursor(this.screen.nextUnprotected(this.screen.cursor));
      this.#changed(false);
    } else if (key === 'Home') {
      this.screen.moveCursor(this.screen.nextUnprotected(this.screen.size - 1));
      this.#changed(false);
    } else throw tn3270Error('KEY_UNAVAILABLE', { details: { key, connection_state: this.#connectionState } });
  }

  #type(text: string): void {
    for (const character of text) {
      const at = this.screen.cursor;
      const { row, column } = this.#place(at);
      const cell = this.screen.cells[at] as Cell;
      if (cell < 0 || isProtected(this.screen.attributeAt(at))) {
        throw tn3270Error('FIELD_PROTECTED', { details: { row, column } });
      }
      const code = this.codePage.fromUnicode(character.codePointAt(0) as number);
      if (code < 0) {
        throw tn3270Error('CHARACTER_UNMAPPABLE', { details: { code_page: this.codePage.id, code_point: character } });
      }
      this.screen.cells[at] = (cell & ~CHAR_MASK) | code;
      this.screen.setModified(at, true);
      this.screen.moveCursor(this.screen.next(at));
      this.#changed(false);
    }
  }

  #moveCursor(row: number, column: number): void {
    this.screen.moveCursor(this.#address(row, column));
    this.#changed(false);
  }

  #holds(condition: WaitCondition, start: number): boolean {
    switch (condition.for) {
      case 'unlocked':
        return this.#lockReason === null;
      case 'text':
        return this.#visibleText().includes(condition.text);
      case 'cursor':
        return this.screen.cursor === this.#address(condition.row, condition.column);
      case 'change':
        return this.screen.version > (condition.after ?? start);
    }
  }

  #visibleText(): string {
    const { screen } = this;
    return Array.from(screen.cells, (cell, at) => {
      if (cell < 0 || isNondisplay(screen.attributeAt(at))) return ' ';
      return String.fromCodePoint(this.codePage.toUnicode(cell & CHAR_MASK) || 0x20);
    }).join('');
  }

  #address(row: number, column: number): number {
    const { rows, columns } = this.screen;
    if (row > rows || column > columns)
      throw tn3270Error('POSITION_INVALID', { details: { row, column, rows, columns } });
    return (row - 1) * columns + column - 1;
  }

  #place(address: number): { row: number; column: number } {
    const { columns } = this.screen;
    return { row: Math.floor(address / columns) + 1, column: (address % columns) + 1 };
  }

  #changed(layout: boolean): void {
    this.screen.changed(layout);
    this.#emitter.emit('screenChanged', { version: this.screen.version });
  }

  #lock(reason: LockReason | null): void {
    this.#lockReason = reason;
    this.#emitter.emit('lockChanged', { locked: reason !== null, reason });
  }

  #end(fact: { readonly error?: RoundhouseError }): void {
    if (this.#ended !== undefined) return;
    this.#ended = fact;
    this.#connectionState = 'not-connected';
    this.#lockReason = 'not_connected';
    this.#emitter.emit('closed', fact);
  }

  #requireLive(): void {
    if (this.#ended !== undefined) throw this.#endError();
  }

  #endError(): RoundhouseError {
    const cause = this.#ended?.error;
    const reason = cause?.message ?? 'it was closed';
    return tn3270Error('SESSION_CLOSED', {
      details: { reason, ...(cause === undefined ? {} : { cause: cause.code }) },
      cause,
    });
  }
}
