import { type Clock, type RoundhouseError } from '@roundhouse/core';
import { APL } from '../codepage/apl.ts';
import { Keyboard, type KeyboardMode } from '../keyboard/keyboard.ts';
import { AID, aidName, type AidByte } from '../datastream/aid.ts';
import type { RecordOutcome } from '../datastream/outcome.ts';
import { NvtInput } from '../nvt/input.ts';
import { NvtWriter } from '../nvt/writer.ts';
import { FORMAT_CONTROLS } from '../datastream/order.ts';
import { applyInbound } from '../screen/inbound.ts';
import type { Screen, ScreenSize } from '../screen/screen.ts';
import { type BindImage } from '../telnet/bind.ts';
import { TelnetClient } from '../telnet/client.ts';
import { DATA_TYPE } from '../telnet/tn3270e.ts';
import type { Model } from '../terminal/model.ts';
import { Terminal } from '../terminal/terminal.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { ConnectionState } from '../connectionState.ts';
import type { Relay } from './relay.ts';
import { LatestPicture } from './latestPicture.ts';
import { RelayTap } from './relayTap.ts';

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

/** Sizes that Erase/Write and Erase/Write Alternate give the screen. */
interface ScreenSizes {
  readonly defaultSize: ScreenSize;
  readonly alternateSize: ScreenSize;
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

/** First byte of a Test Request record, the SysReq key of classic sessions. GA23-0059-07 §3.5.6. */
const TEST_REQUEST = 0x01;

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
  readonly #model: Model;
  #sizes: ScreenSizes | undefined;
  #tap: RelayTap | undefined;
  readonly #latest = new LatestPicture();
  /** A record of the host is being carried out: what is sent now answers it. */
  #answering = false;
  /** The record of an attached terminal that the keyboard's next AID stands for. */
  #operatorRecord: Uint8Array | undefined;

  constructor(options: ResolvedSessionOptions, clock: Clock, handler: EmulatorHandler) {
    this.#handler = handler;
    this.#model = options.model;
    this.terminal = new Terminal(
      { model: options.model, codePage: options.codePage, rpqName: options.rpqName },
      {
        reply: (record) => this.#reply(record),
        alarm: () => handler.alarm(),
      },
    );
    this.keyboard = new Keyboard(
      this.terminal.screen,
      options.codePage,
      APL,
      clock,
      {
        aid: (aid) => this.#aid(aid),
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
    const consumed = this.telnet.receive(chunk);
    this.#drawLatest();
    return consumed;
  }

  /** The line is gone: the keyboard locks, its timers stop. */
  disconnected(): void {
    this.keyboard.disconnected();
    this.terminal.resetSizes();
  }

  /** Sizes of Erase/Write and Erase/Write Alternate: those of the BIND, or the model's. */
  get sizes(): ScreenSizes {
    return this.#sizes ?? this.#model;
  }

  /** From now on `relay` is handed the host's records and has its reads answered; the screen goes on being drawn. */
  attach(relay: Relay): void {
    this.#tap = new RelayTap(this.telnet, relay, this.telnet.trace);
    this.telnet.trace = this.#tap;
  }

  /** The emulator is on its own again, and answers what the relay left unanswered. */
  detach(): void {
    const tap = this.#tap;
    if (tap === undefined) return;
    this.#tap = undefined;
    this.telnet.trace = tap.next;
    for (const reply of tap.takeWithheld()) this.telnet.sendRecord(reply);
  }

  /**
   * A record of the attached terminal: goes to the host as it is, and is done here as it was there. False, and nothing
   * is sent, when it means nothing in the present state. `body` is borrowed.
   */
  relayRecord(dataType: number, body: Uint8Array): boolean {
    switch (this.telnet.state) {
      case 'connected-3270':
      case 'connected-tn3270e':
        return dataType === DATA_TYPE.DATA_3270.code && body.length > 0 && this.#relayData(body);
      case 'connected-sscp':
        if (dataType !== DATA_TYPE.SSCP_LU_DATA.code) return false;
        this.terminal.writeSscp(Uint8Array.of(...body, FORMAT_CONTROLS.NL.code));
        return this.telnet.sendRecord(body);
      case 'connected-nvt':
      case 'connected-nvt-charmode':
      case 'connected-e-nvt':
        return dataType === DATA_TYPE.NVT_DATA.code && this.telnet.sendNvt(body);
      default:
        return false;
    }
  }

  /** ATTN of the attached terminal. */
  relayAttention(): void {
    this.#attn();
  }

  /** SYSREQ of the attached terminal: Abort Output of TN3270E, or Test Request. */
  relaySystemRequest(): void {
    if (this.telnet.state === 'connected-3270') this.terminal.sendAid(AID.SysReq);
    else this.telnet.sendAbortOutput();
  }

  #relayData(body: Uint8Array): boolean {
    const first = body[0] as number;
    const aid = first === TEST_REQUEST ? AID.SysReq : first;
    const isKey = aidName(aid) !== undefined && aid !== AID.None && aid !== AID.StructuredField;
    const isAnswer = this.#tap?.isAnswer(body) === true;
    if (isAnswer || !isKey) return this.telnet.sendRecord(body);
    if (aid === AID.Clear) {
      this.screen.clear();
      this.terminal.cleared();
    } else if (aid !== AID.SysReq) applyInbound(this.screen, body);
    const { keyboard } = this;
    // The terminal let the key through: its operator may have pressed Reset, of which nobody is told.
    while (keyboard.typedAhead > 0) keyboard.reset();
    keyboard.sendData();
    if (keyboard.locked) keyboard.reset();
    this.#operatorRecord = body;
    const outcome = keyboard.transferAid(aid as AidByte);
    this.#operatorRecord = undefined;
    return outcome === 'ok' || this.telnet.sendRecord(body);
  }

  #reply(record: Uint8Array): void {
    if (this.#answering && this.#tap !== undefined) this.#tap.withhold(record);
    else this.telnet.sendRecord(record);
  }

  #aid(aid: AidByte): void {
    if (this.#operatorRecord !== undefined) this.telnet.sendRecord(this.#operatorRecord);
    else if (this.telnet.state === 'connected-sscp') this.terminal.sendSscp();
    else this.terminal.sendAid(aid);
  }

  #record(bytes: Uint8Array, dataType: '3270-data' | 'sscp-lu-data', restore: boolean): RecordOutcome {
    if (this.#onlyLatestCounts && dataType === '3270-data' && this.#latest.keep(bytes)) return 'ok';
    this.#drawLatest();
    return this.#carryOut(bytes, dataType, restore);
  }

  /**
   * Whether a picture that is replaced within one piece of the stream need not be drawn: the terminal has had it raw, and
   * no response or trace tells what became of it here.
   */
  get #onlyLatestCounts(): boolean {
    return this.#tap !== undefined && this.#tap.next === undefined && this.telnet.state === 'connected-3270';
  }

  #drawLatest(): void {
    const record = this.#latest.take();
    if (record !== undefined) this.#carryOut(record, '3270-data', false);
  }

  #carryOut(bytes: Uint8Array, dataType: '3270-data' | 'sscp-lu-data', restore: boolean): RecordOutcome {
    let outcome: RecordOutcome = 'ok';
    if (dataType === 'sscp-lu-data') this.terminal.writeSscp(bytes);
    else {
      this.#answering = true;
      outcome = this.terminal.process(bytes, restore);
      this.#answering = false;
    }
    this.keyboard.recordProcessed();
    this.#handler.hostWrote();
    // The terminal's reply comes later, and not with it the response.
    return outcome === 'replied' && this.#tap !== undefined ? 'ok' : outcome;
  }

  #nvtData(bytes: Uint8Array, start: number, end: number): void {
    this.#drawLatest();
    this.#nvt.write(bytes, start, end);
    this.#tap?.nvtData(bytes, start, end);
    this.#handler.hostWrote();
  }

  /** A change of mode starts with an empty screen of the alternate size, as in the reference. */
  #stateChanged(from: ConnectionState, to: ConnectionState): void {
    this.#drawLatest();
    this.#tap?.stateChanged();
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
    if (sizes?.acceptable === true) {
      this.#sizes = sizes;
      this.terminal.setSizes(sizes.defaultSize, sizes.alternateSize);
    }
    this.terminal.erase(false);
  }

  #unbound(): void {
    this.#sizes = undefined;
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
