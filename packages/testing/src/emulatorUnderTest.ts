import { systemClock } from '@roundhouse/core';
import { dumpScreen, Emulator, type Key, resolveSessionOptions, type Screen } from '@roundhouse/tn3270';
import type { EngineSetup, EngineUnderTest } from './conformance.ts';
import { joinBytes } from './trace.ts';
import type { EngineKeyboard } from './twoWayRunner.ts';

/** The product's emulator as the runners see an engine: no line, no timers. */
export class EmulatorUnderTest implements EngineUnderTest, EngineKeyboard {
  readonly emulator: Emulator;
  #output: Uint8Array[] = [];

  constructor(setup: EngineSetup) {
    // The address names the host in messages; nothing is dialled.
    const options = resolveSessionOptions({ host: '127.0.0.1', port: 23, ...setup });
    this.emulator = new Emulator(options, systemClock, {
      send: (bytes) => this.#output.push(bytes),
      stateChanged() {},
      lockChanged() {},
      alarm() {},
      hostWrote() {},
      deviceRejected() {},
      startTls() {},
      failed() {},
    });
  }

  get screen(): Screen {
    return this.emulator.screen;
  }

  get connectionState(): string {
    return this.emulator.telnet.state;
  }

  get locked(): boolean {
    return this.emulator.keyboard.locked;
  }

  get size(): string {
    return `${this.screen.rows} ${this.screen.columns}`;
  }

  get cursor(): string {
    const { cursor, columns } = this.screen;
    return `row ${Math.floor(cursor / columns) + 1} column ${(cursor % columns) + 1} offset ${cursor}`;
  }

  feed(bytes: Uint8Array): void {
    this.emulator.receive(bytes);
  }

  takeOutput(): Uint8Array {
    const output = joinBytes(this.#output);
    this.#output = [];
    return output;
  }

  dump(): string[] {
    return dumpScreen(this.screen);
  }

  press(key: Key): void {
    if (this.emulator.inNvt) this.emulator.nvtInput.key(key);
    else this.emulator.keyboard.press(key);
  }

  type(text: string): void {
    if (this.emulator.inNvt) this.emulator.nvtInput.text(text);
    else this.emulator.keyboard.type(text);
  }

  moveCursor(row: number, column: number): void {
    this.emulator.keyboard.moveCursor((row - 1) * this.screen.columns + column - 1);
  }
}
