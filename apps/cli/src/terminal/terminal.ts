import type { Clock, RoundhouseError, Unsubscribe } from '@roundhouse/core';
import { compose } from './compose.ts';
import { Display } from './display.ts';
import type { Frame } from './frame.ts';
import type { InputEvent } from './input.ts';
import { InputReader } from './inputReader.ts';
import { Operator } from './operator.ts';
import type { TerminalFacts } from './panel.ts';
import type { TerminalSession } from './session.ts';
import type { Tty, TtyHandler } from './tty.ts';
import { ORIGIN, type Viewport } from './viewport.ts';

/** Why the person and the session parted. */
export type TerminalEnd =
  | { readonly by: 'person' }
  /** The session ended first; `error` says why, absent when this side closed it. */
  | { readonly by: 'session'; readonly error?: RoundhouseError }
  /** The terminal itself has gone. */
  | { readonly by: 'terminal' };

/** A session shown in the user's terminal, from `run` until the person leaves or `close`. */
export class Terminal implements TtyHandler {
  readonly #session: TerminalSession;
  readonly #tty: Tty;
  readonly #facts: TerminalFacts;
  readonly #reader: InputReader;
  readonly #operator: Operator;
  readonly #display: Display;
  readonly #ended = Promise.withResolvers<TerminalEnd>();
  #viewport: Pick<Viewport, 'top' | 'left'> = ORIGIN;
  #sessionEnd: { readonly error?: RoundhouseError } | undefined;
  #subscriptions: readonly Unsubscribe[] = [];

  constructor(session: TerminalSession, tty: Tty, facts: TerminalFacts, clock: Clock) {
    this.#session = session;
    this.#tty = tty;
    this.#facts = facts;
    this.#reader = new InputReader(clock, (events) => this.#handle(events));
    this.#display = new Display(tty, tty.palette, clock, () => this.#compose());
    this.#operator = new Operator(session, {
      redraw: () => this.#display.redraw(),
      ring: () => this.#display.ring(),
      quit: () => this.#quit(),
    });
  }

  /** Resolves when the person leaves, with the terminal given back. To be called once. */
  run(): Promise<TerminalEnd> {
    const invalidate = (): void => this.#display.invalidate();
    this.#subscriptions = [
      this.#session.on('screenChanged', invalidate),
      this.#session.on('lockChanged', invalidate),
      this.#session.on('connectionStateChanged', invalidate),
      this.#session.on('alarm', () => this.#display.ring()),
      this.#session.on('closed', (end) => this.#sessionEnded(end)),
    ];
    this.#tty.open(this);
    this.#display.redraw();
    // The host may have been quicker than the terminal.
    if (this.#session.connectionState === 'not-connected') this.#sessionEnded({});
    return this.#ended.promise;
  }

  input(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  resized(): void {
    this.#display.redraw();
  }

  drained(): void {
    this.#display.drained();
  }

  ended(): void {
    this.close({ by: 'terminal' });
  }

  /** Gives the terminal back. Idempotent: the first end stays. */
  close(end: TerminalEnd): void {
    this.#reader.close();
    this.#display.close();
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#tty.close();
    this.#ended.resolve(end);
  }

  #handle(events: readonly InputEvent[]): void {
    for (const event of events) this.#operator.handle(event);
    this.#display.invalidate();
  }

  #quit(): void {
    this.close(this.#sessionEnd === undefined ? { by: 'person' } : { by: 'session', ...this.#sessionEnd });
  }

  #sessionEnded(end: { readonly error?: RoundhouseError }): void {
    this.#sessionEnd = end;
    this.#operator.sessionEnded(end.error?.code);
    this.#display.invalidate();
  }

  #compose(): Frame {
    const { frame, viewport } = compose(this.#session, this.#tty.window, this.#viewport, this.#operator, this.#facts);
    this.#viewport = viewport;
    return frame;
  }
}
