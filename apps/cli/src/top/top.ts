import type { Clock } from '@roundhouse/core';
import { Display } from '../terminal/display.ts';
import type { InputEvent } from '../terminal/input.ts';
import { InputReader } from '../terminal/inputReader.ts';
import type { Tty, TtyHandler } from '../terminal/tty.ts';
import type { WorkerRow } from '../worker/rows.ts';
import { inOrder, type Order, ORDERS } from './order.ts';
import { composeTop, roomOf } from './picture.ts';

/** The table of workers in the user's terminal, from `run` until the person leaves or `close`. */
export class Top implements TtyHandler {
  readonly #tty: Tty;
  readonly #reader: InputReader;
  readonly #display: Display;
  readonly #ended = Promise.withResolvers<void>();
  #rows: readonly WorkerRow[] = [];
  #atMs = 0;
  #first = 0;
  #order: Order;
  #isReversed = false;
  #notice: string | null = null;

  constructor(tty: Tty, clock: Clock, order: Order) {
    this.#tty = tty;
    this.#order = order;
    this.#reader = new InputReader(clock, (events) => this.#handle(events));
    this.#display = new Display(tty, tty.palette, clock, () => {
      const view = {
        rows: this.#rows,
        first: this.#first,
        order: this.#order,
        isReversed: this.#isReversed,
        notice: this.#notice,
        atMs: this.#atMs,
      };
      return composeTop(view, tty.window);
    });
  }

  /** Resolves when the person leaves, with the terminal given back. To be called once. */
  run(): Promise<void> {
    this.#tty.open(this);
    this.#display.redraw();
    return this.#ended.promise;
  }

  /** How workers stand at a time, ms since 1970. */
  update(rows: readonly WorkerRow[], atMs: number): void {
    this.#rows = inOrder(rows, this.#order, this.#isReversed);
    this.#atMs = atMs;
    this.#notice = null;
    this.#scrollTo(this.#first);
  }

  /** The table stays as it was, and says why. */
  failed(notice: string): void {
    this.#notice = notice;
    this.#display.invalidate();
  }

  input(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  resized(): void {
    this.#scrollTo(this.#first);
    this.#display.redraw();
  }

  drained(): void {
    this.#display.drained();
  }

  ended(): void {
    this.close();
  }

  /** Gives the terminal back. Idempotent. */
  close(): void {
    this.#reader.close();
    this.#display.close();
    this.#tty.close();
    this.#ended.resolve();
  }

  #handle(events: readonly InputEvent[]): void {
    for (const event of events) {
      if (event.type === 'key') this.#key(event.chord);
      else if (event.type === 'text') for (const character of event.text) this.#key(character);
    }
  }

  #key(key: string): void {
    const page = roomOf(this.#tty.window);
    switch (key) {
      case 'q':
      case 'Q':
      case 'Ctrl-C':
      case 'Ctrl-D':
        return this.close();
      case 's':
      case 'Right':
        return this.#sort(1);
      case 'S':
      case 'Left':
        return this.#sort(-1);
      case 'r':
        this.#isReversed = !this.#isReversed;
        return this.#sort(0);
      case 'Up':
      case 'k':
        return this.#scrollTo(this.#first - 1);
      case 'Down':
      case 'j':
        return this.#scrollTo(this.#first + 1);
      case 'PageUp':
      case 'b':
        return this.#scrollTo(this.#first - page);
      case 'PageDown':
      case ' ':
        return this.#scrollTo(this.#first + page);
      case 'Home':
      case 'g':
        return this.#scrollTo(0);
      case 'End':
      case 'G':
        return this.#scrollTo(this.#rows.length);
      case 'Ctrl-L':
        return this.#display.redraw();
      default:
    }
  }

  /** To the column so many further; from the first row on. */
  #sort(steps: number): void {
    const at = ORDERS.indexOf(this.#order) + steps + ORDERS.length;
    this.#order = ORDERS[at % ORDERS.length] as Order;
    this.#rows = inOrder(this.#rows, this.#order, this.#isReversed);
    this.#scrollTo(0);
  }

  #scrollTo(first: number): void {
    const last = Math.max(0, this.#rows.length - roomOf(this.#tty.window));
    this.#first = Math.min(Math.max(0, first), last);
    this.#display.invalidate();
  }
}
