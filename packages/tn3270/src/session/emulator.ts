import { type Clock, type RoundhouseError } from '@roundhouse/core';
import { APL } from '../codepage/apl.ts';
import { Keyboard, type KeyboardMode } from '../keyboard/keyboard.ts';
import { AID } from '../datastream/aid.ts';
import type { RecordOutcome } from '../datastream/outcome.ts';
import { NvtInput } from '../nvt/input.ts';
import { NvtWriter } from '../nvt/writer.ts';
import type { Screen } from '../screen/screen.ts';
import { type BindImage } from '../telnet/bind.ts';
import { TelnetClient } from '../telnet/client.ts';
import { Terminal } from '../terminal/terminal.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { ConnectionState } from '../connectionState.ts';

/** What an emulator asks of whoever has the line. */
export interface EmulatorHandler {
  /** Bytes for the host. They never change afterwards. */
  send(bytes: Uint8Array): void;
  stateChanged(from: ConnectionState, to: ConnectionState): void;
  /** Lock bits, see LOCK. */
  lockChanged(lock: number): void;
  alarm(): void;
  /** A record or a stretch of NVT text was drawn. */
  hostWrote(): void;
  /** The host refused a device; another is tried, or the session goes on without one. */
  deviceRejected(error: RoundhouseError): void;
  /** TLS begins with the first byte that `receive` leaves; call `tlsStarted` when it stands. */
  startTls(): void;
  /** The connection is of no use any more. */
  failed(error: RoundhouseError): void;
}

const KEYBOARD_MODES: Partial<Record<ConnectionState, KeyboardMode>> = {
  'connected-nvt': 'nvt',
  'connected-nvt-charmode': 'nvt',
  'connected-3270': '3270',
  'connected-unbound': 'unbound',
  'connected-e-nvt': 'e-nvt',
  'connected-sscp': 'sscp',
  'connected-tn3270e': 'tn3270e',
};

/**
 * A whole 3270 emulator but for the line: telnet, display, keyboard and NVT put together. It takes the host's bytes and
 * gives back its own; time comes from the clock, so that everything is reproducible.
 */
export class Emulator {
  readonly keyboard: Keyboard;
  readonly nvtInput: NvtInput;
  readonly telnet: TelnetClient;
  readonly terminal: Terminal;
  readonly #nvt: NvtWriter;
  readonly #handler: EmulatorHandler;

  constructor(options: ResolvedSessionOptions, clock: Clock, handler: EmulatorHandler) {
    this.#handler = handler;
    this.terminal = new Terminal(
      { model: options.model, codePage: options.codePage, rpqName: options.rpqName },
      {
        reply: (record) => this.telnet.sendRecord(record),
        alarm: () => handler.alarm(),
      },
    );
    this.keyboard = new Keyboard(
      this.terminal.screen,
      options.codePage,
      APL,
      clock,
      {
        aid: (aid) => (this.telnet.state === 'connected-sscp' ? this.terminal.sendSscp() : this.terminal.sendAid(aid)),
        attn: () => this.#attn(),
        sysReq: () => this.telnet.sendAbortOutput(),
        interrupt: () => this.telnet.sendInterrupt(),
        cleared: () => this.terminal.cleared(),
        scrolled: () => this.terminal.scrolled(),
        lockChanged: (lock) => handler.lockChanged(lock),
      },
      { unlockDelayMs: options.compat.unlockDelayMs, blankFill: true },
    );
    this.terminal.attachKeyboard(this.keyboard);
    this.#nvt = new NvtWriter(this.terminal.screen, {
      answer: (bytes) => this.telnet.sendNvt(bytes),
      bell: () => handler.alarm(),
    });
    this.nvtInput = new NvtInput(
      {
        send: (bytes) => this.telnet.sendNvt(bytes),
        interrupt: () => this.telnet.sendInterrupt(),
        break: () => this.telnet.sendBreak(),
      },
      this.#nvt,
    );
    this.telnet = new TelnetClient(
      {
        model: options.model,
        codePage: options.codePage,
        compat: options.compat,
        lus: options.lus,
        tlsActive: options.tls !== undefined,
        maxRecordBytes: options.maxRecordBytes,
        peer: options.peer,
        ...options.environment,
      },
      {
        send: (bytes) => handler.send(bytes),
        record: (bytes, dataType, restore) => this.#record(bytes, dataType, restore),
        nvtData: (bytes, start, end) => this.#nvtData(bytes, start, end),
        stateChanged: (from, to) => this.#stateChanged(from, to),
        lineModeChanged: (lineMode) => this.nvtInput.setLineMode(lineMode),
        bound: (image) => this.#bound(image),
        unbound: () => this.#unbound(),
        bid: () => this.keyboard.bid(),
        sendData: () => this.keyboard.sendData(),
        luAssigned: () => {},
        deviceRejected: (error) => handler.deviceRejected(error),
        startTls: () => handler.startTls(),
        failed: (error) => handler.failed(error),
      },
    );
    this.keyboard.connected();
    this.terminal.erase(true);
  }

  get screen(): Screen {
    return this.terminal.screen;
  }

  /** Whether keys and text go to the NVT instead of the 3270 keyboard. */
  get inNvt(): boolean {
    const { state } = this.telnet;
    return state === 'connected-nvt' || state === 'connected-nvt-charmode' || state === 'connected-e-nvt';
  }

  /** Whether a terminal is to show the cursor: an NVT host may hide it. */
  get cursorVisible(): boolean {
    return !this.inNvt || this.#nvt.cursorVisible;
  }

  /** Takes bytes from the host, cut anywhere; returns how many were consumed (all, unless TLS begins or it failed). */
  receive(chunk: Uint8Array): number {
    return this.telnet.receive(chunk);
  }

  /** The line is gone: the keyboard locks, its timers stop. */
  disconnected(): void {
    this.keyboard.disconnected();
    this.terminal.resetSizes();
  }

  #record(bytes: Uint8Array, dataType: '3270-data' | 'sscp-lu-data', restore: boolean): RecordOutcome {
    let outcome: RecordOutcome = 'ok';
    if (dataType === 'sscp-lu-data') this.terminal.writeSscp(bytes);
    else outcome = this.terminal.process(bytes, restore);
    this.keyboard.recordProcessed();
    this.#handler.hostWrote();
    return outcome;
  }

  #nvtData(bytes: Uint8Array, start: number, end: number): void {
    this.#nvt.write(bytes, start, end);
    this.#handler.hostWrote();
  }

  /** A change of mode starts with an empty screen of the alternate size, as in the reference. */
  #stateChanged(from: ConnectionState, to: ConnectionState): void {
    const mode = KEYBOARD_MODES[to];
    if (mode !== undefined) {
      this.terminal.resetModes();
      this.terminal.erase(true);
      if (this.inNvt) {
        this.#nvt.lineFeedReturns = to === 'connected-nvt';
        this.#nvt.reset();
        this.nvtInput.reset();
      }
      this.keyboard.entered(mode);
    }
    this.#handler.stateChanged(from, to);
    this.keyboard.recordProcessed();
  }

  #bound({ sizes }: BindImage): void {
    if (sizes?.acceptable === true) this.terminal.setSizes(sizes.defaultSize, sizes.alternateSize);
    this.terminal.erase(false);
  }

  #unbound(): void {
    this.terminal.resetSizes();
    this.terminal.erase(false);
  }

  /** ATTN: Interrupt Process on a bound TN3270E session, PA1 and BREAK on a classic one. */
  #attn(): boolean {
    if (this.telnet.state === 'connected-3270') {
      this.terminal.sendAid(AID.PA1);
      this.telnet.sendBreak();
      return true;
    }
    if (!this.telnet.bound) return false;
    this.telnet.sendInterrupt();
    return true;
  }
}
