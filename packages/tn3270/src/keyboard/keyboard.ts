import { assertNever, type Clock } from '@roundhouse/core';
import type { AplPage, CodePage } from '../codepage/codePage.ts';
import { AID, type AidByte } from '../datastream/aid.ts';
import type { BufferAddress } from '../datastream/address.ts';
import { type Cell, CELL_CHARSET, charsetOf } from '../screen/cell.ts';
import { NO_FIELD, type Screen } from '../screen/screen.ts';
import { eraseInput } from './edit.ts';
import type { Key } from './key.ts';
import { KEY_ACTIONS, type KeyAction } from './keyAction.ts';
import { KeyboardLock } from './keyboardLock.ts';
import { selectField } from './lightPen.ts';
import { LOCK, type LockReason, lockReason } from './lock.ts';
import { type EditOutcome, isOperatorError, type KeyOutcome, OPERATOR_ERROR_BITS } from './outcome.ts';
import { type TypingRules, typeCode } from './typing.ts';

/**
 * What the host takes input as. `3270` and `nvt` are classic TN3270, the others TN3270E; `unbound` has no application
 * yet. In the NVT modes and while unbound the keys of this keyboard have nothing to act upon.
 */
export type KeyboardMode = '3270' | 'nvt' | 'unbound' | 'e-nvt' | 'sscp' | 'tn3270e';

/** `type-ahead`: a person; strokes wait for the unlock. `immediate`: a program; a locked keyboard is an outcome. */
export type Urgency = 'type-ahead' | 'immediate';

/** What follows from keys. Called synchronously, after the screen and the lock have changed. */
export interface KeyboardHandler {
  /** Send the screen as Read Modified with this AID; in SSCP-LU mode the operator's input since the host's last write. */
  aid(aid: AidByte): void;
  /** Interrupt the application; false when there is no bound one. Classic TN3270: Read Modified with PA1, then BREAK. */
  attn(): boolean;
  /** SYSREQ of TN3270E: Abort Output. Classic TN3270 has it as an AID. */
  sysReq(): void;
  /** Send Interrupt Process. */
  interrupt(): void;
  /** The operator cleared the buffer: write position and SSCP-LU input start go to the top. */
  cleared(): void;
  /** SSCP-LU: the buffer moved up by one row; the cursor stands at the write position. */
  scrolled(): void;
  /** Lock bits, see LOCK. */
  lockChanged(lock: number): void;
}

export interface KeyboardOptions {
  /** Numeric fields take digits, plus, minus, period and comma only. Default false, as the reference. */
  readonly numericLock?: boolean;
  /** How long an unlock by the host is held back, ms. Default 0. */
  readonly unlockDelayMs?: number;
  /** The state that Reset and AID keys return insert mode to. Default false. */
  readonly insertMode?: boolean;
  /** Nulls before a typed character become spaces; trailing spaces make room for an insert. Default false. */
  readonly blankFill?: boolean;
  /** Strokes held while the keyboard is locked; further ones are refused. Default 1024. */
  readonly typeAheadLimit?: number;
}

export interface TypeResult {
  /** That of the last character tried. */
  readonly outcome: KeyOutcome;
  /** Code points that went into the buffer or the type-ahead. */
  readonly typed: number;
}

const DEFAULT_TYPE_AHEAD_LIMIT = 1024;

/** Locks under which a stroke is lost: it could only follow what the operator has to see first. */
const REFUSES_TYPE_AHEAD = LOCK.OperatorErrorMask | LOCK.NotConnected | LOCK.Scrolled | LOCK.FileTransfer;

/**
 * The keyboard of a 3270 display: lock, type-ahead, local editing and attention keys. It writes to the screen and tells
 * the handler what to send; it knows nothing of bytes on the wire.
 */
export class Keyboard {
  readonly #screen: Screen;
  readonly #codePage: CodePage;
  readonly #apl: AplPage;
  readonly #handler: KeyboardHandler;
  readonly #lock: KeyboardLock;
  readonly #numericLock: boolean;
  readonly #blankFill: boolean;
  readonly #defaultInsertMode: boolean;
  readonly #typeAheadLimit: number;
  /** Strokes that wait for the unlock, oldest first. */
  #typedAhead: (() => void)[] = [];
  #mode: KeyboardMode | null = null;
  #charsetsReported = false;
  #transferring = false;
  #lastAid: AidByte = AID.None;

  /** Insert mode; the Insert key sets it, Reset and AID keys return it to the default. */
  insertMode: boolean;

  constructor(
    screen: Screen,
    codePage: CodePage,
    apl: AplPage,
    clock: Clock,
    handler: KeyboardHandler,
    options: KeyboardOptions = {},
  ) {
    this.#screen = screen;
    this.#codePage = codePage;
    this.#apl = apl;
    this.#handler = handler;
    this.#numericLock = options.numericLock ?? false;
    this.#blankFill = options.blankFill ?? false;
    this.#defaultInsertMode = options.insertMode ?? false;
    this.#typeAheadLimit = options.typeAheadLimit ?? DEFAULT_TYPE_AHEAD_LIMIT;
    this.insertMode = false;
    this.#lock = new KeyboardLock(clock, options.unlockDelayMs ?? 0, {
      changed: (bits) => handler.lockChanged(bits),
      deferralEnded: () => this.recordProcessed(),
    });
  }

  /** Lock bits, see LOCK. */
  get lock(): number {
    return this.#lock.bits;
  }

  get locked(): boolean {
    return this.#lock.bits !== 0;
  }

  get reason(): LockReason | null {
    return lockReason(this.#lock.bits);
  }

  /** The AID that a read by the host reports: that of the last attention key, None since the host restored the keyboard. */
  get lastAid(): AidByte {
    return this.#lastAid;
  }

  /** Strokes that wait for the unlock. */
  get typedAhead(): number {
    return this.#typedAhead.length;
  }

  // What the host and the connection did.

  /** A connection was made; nothing has come from the host. */
  connected(): void {
    this.#mode = null;
    this.#lastAid = AID.None;
    this.#charsetsReported = false;
    this.#lock.keep(0, LOCK.AwaitingFirst);
  }

  /** The connection ended: what was typed ahead is lost. Stops the unlock timer. */
  disconnected(): void {
    this.#mode = null;
    this.#transferring = false;
    this.#typedAhead = [];
    this.insertMode = false;
    this.#lock.keep(0, LOCK.NotConnected);
  }

  /** The session changed its mode; the same mode again has no effect. */
  entered(mode: KeyboardMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#charsetsReported = false;
    this.insertMode = this.#takesKeys && this.#defaultInsertMode;
    switch (mode) {
      case 'unbound':
        this.#lock.keep(~LOCK.Twait, LOCK.AwaitingFirst);
        break;
      case 'nvt':
      case 'e-nvt':
      case 'sscp':
        this.#lock.keep(0);
        break;
      case 'tn3270e':
        // System may be the answer to an AID that made the host change applications: the new one restores.
        this.#lock.keep(LOCK.AwaitingFirst | LOCK.System);
        break;
      case '3270':
        this.#lock.keep(LOCK.AwaitingFirst);
        break;
      default:
        assertNever(mode);
    }
  }

  /** W, EW, EWA or EAU begins, as a command or in an Outbound 3270DS. */
  hostWrote(): void {
    this.#lock.clear(LOCK.EnterInhibit);
  }

  /** W, EW or EWA ended; `restore` is the keyboard restore bit of its WCC. Without it the wait goes on as X SYSTEM. */
  writeCompleted(restore: boolean): void {
    this.#lock.clear(LOCK.AwaitingFirst);
    if (restore) this.restored();
    else this.#lock.clear(LOCK.Twait);
  }

  /** The keyboard was restored: by a WCC, EAU, the keyboard restore indicator of a header, or SSCP-LU data. */
  restored(): void {
    this.#lastAid = AID.None;
    this.insertMode = this.#takesKeys && this.#defaultInsertMode;
    this.#lock.restore(this.#transferring);
  }

  /** A query reply was sent: Enter waits for the next write. */
  queryReplied(): void {
    this.#lock.set(LOCK.EnterInhibit);
  }

  /** Contention resolution: the host bids, or its data came without SEND-DATA. (TN3270E functional extensions) */
  bid(): void {
    this.#lock.set(LOCK.Bid);
  }

  /** Contention resolution: SEND-DATA gives the turn to this side. */
  sendData(): void {
    this.#lock.clear(LOCK.Bid);
  }

  /** Set Reply Mode, or its reset: whether reads now carry the charset of characters. */
  replyModeSet(charsetsReported: boolean): void {
    this.#charsetsReported = charsetsReported;
  }

  /** A file transfer took the session. */
  transferStarted(): void {
    this.#transferring = true;
    this.#lock.set(LOCK.FileTransfer);
  }

  /** `unanswered`: it was given up before the host answered, which may never unlock then. */
  transferEnded(unanswered: boolean): void {
    this.#transferring = false;
    this.#lock.clear(unanswered ? LOCK.FileTransfer | LOCK.Twait | LOCK.System : LOCK.FileTransfer);
  }

  /** The record was acted upon and answered, or the mode change is done: what was typed ahead runs as far as it can. */
  recordProcessed(): void {
    while (!this.locked) {
      const stroke = this.#typedAhead.shift();
      if (stroke === undefined) return;
      stroke();
    }
  }

  // What the operator does.

  /** Types `text` character by character, up to the first that does not go in. */
  type(text: string, urgency: Urgency = 'type-ahead'): TypeResult {
    let outcome: KeyOutcome = 'ok';
    let typed = 0;
    for (const character of text) {
      outcome = this.typeCharacter(character.codePointAt(0) as number, urgency);
      if (outcome !== 'ok' && outcome !== 'queued') break;
      typed++;
    }
    return { outcome, typed };
  }

  /** Types one character; the APL set serves what the code page lacks. Control characters are unmappable. */
  typeCharacter(codePoint: number, urgency: Urgency = 'type-ahead'): KeyOutcome {
    if (this.locked) return this.#wait(urgency, () => this.typeCharacter(codePoint));
    if (!this.#takesKeys) return 'unavailable';
    const base = this.#codePage.fromUnicode(codePoint);
    const escape = base < 0;
    const code = escape ? this.#apl.fromUnicode(codePoint) : base;
    if (codePoint < 0x20 || code < 0 || (!escape && this.#inAplField)) return 'unmappable';
    return this.#edit((screen, rules) => typeCode(screen, code, escape, rules), urgency);
  }

  press(key: Key, urgency: Urgency = 'type-ahead'): KeyOutcome {
    const action: KeyAction = KEY_ACTIONS[key];
    const again = (): KeyOutcome => this.press(key);
    switch (action.kind) {
      case 'aid':
        return this.#pressAid(action.aid, urgency, again);
      case 'move':
        if (this.#blocked(action.forgives)) return this.#wait(urgency, again);
        if (!this.#takesKeys) return 'unavailable';
        return this.#settle(this.#moveTo(action.target(this.#screen)), urgency);
      case 'edit':
        if (this.#blocked(action.forgives)) return this.#wait(urgency, again);
        if (!this.#takesKeys) return 'unavailable';
        return this.#edit(action.edit, urgency);
      case 'eraseInput':
        if (this.#blocked(true)) return this.#wait(urgency, again);
        if (!this.#takesKeys) return 'unavailable';
        eraseInput(this.#screen);
        if (!this.#screen.formatted) this.#handler.cleared();
        return this.#settle('ok', urgency);
      case 'cursorSelect':
        if (this.locked) return this.#wait(urgency, again);
        return this.lightPen(this.#screen.cursor, urgency);
      case 'insert':
        this.insertMode = true;
        return 'ok';
      case 'reset':
        this.reset();
        return 'ok';
      case 'attn':
        return this.#pressAttn(urgency);
      case 'sysReq':
        return this.#pressSysReq(urgency, again);
      case 'interrupt':
        if (!this.#takesKeys) return 'unavailable';
        this.#handler.interrupt();
        return 'ok';
      default:
        return assertNever(action);
    }
  }

  /** Puts the cursor anywhere in the buffer; `unavailable` outside. */
  moveCursor(address: BufferAddress, urgency: Urgency = 'type-ahead'): KeyOutcome {
    if (this.locked) return this.#wait(urgency, () => this.moveCursor(address));
    if (!this.#takesKeys || !this.#contains(address)) return 'unavailable';
    return this.#moveTo(address);
  }

  /** Selects the field at `address`; `unavailable` when it cannot be. */
  lightPen(address: BufferAddress, urgency: Urgency = 'type-ahead'): KeyOutcome {
    if (this.locked) return this.#wait(urgency, () => this.lightPen(address));
    if (!this.#takesKeys || !this.#contains(address)) return 'unavailable';
    const selected = selectField(this.#screen, address);
    if (selected === 'unavailable') return selected;
    return selected === null ? 'ok' : this.#sendAid(selected, urgency);
  }

  /** An AID of a CUT-mode file transfer, which works the keyboard that it keeps from the operator. */
  transferAid(aid: AidByte): KeyOutcome {
    if (this.#lock.has(~LOCK.FileTransfer)) return 'locked';
    return this.#takesKeys ? this.#sendAid(aid, 'immediate') : 'unavailable';
  }

  /** The Reset key: drops what was typed ahead or, when there is nothing, unlocks all but a bid and ends insert mode. */
  reset(): void {
    if (this.#typedAhead.length > 0) {
      this.#typedAhead = [];
      return;
    }
    this.insertMode = this.#takesKeys && this.#defaultInsertMode;
    this.#lock.keep(LOCK.NotConnected | LOCK.Bid);
  }

  #pressAid(aid: AidByte, urgency: Urgency, again: () => void): KeyOutcome {
    if (this.#lock.has(LOCK.Minus)) return 'locked';
    if (this.locked) return this.#wait(urgency, again);
    if (!this.#takesKeys) return 'unavailable';
    if (aid === AID.Clear) {
      this.#screen.clear();
      this.#handler.cleared();
    }
    return this.#sendAid(aid, urgency);
  }

  #pressAttn(urgency: Urgency): KeyOutcome {
    if (this.#mode === null || this.#mode === 'nvt') return 'unavailable';
    return this.#handler.attn() ? 'ok' : this.#refuse(urgency);
  }

  #pressSysReq(urgency: Urgency, again: () => void): KeyOutcome {
    switch (this.#mode) {
      case '3270':
        return this.#pressAid(AID.SysReq, urgency, again);
      case 'tn3270e':
      case 'sscp':
      case 'unbound':
        this.#handler.sysReq();
        return 'ok';
      default:
        return 'unavailable';
    }
  }

  #sendAid(aid: AidByte, urgency: Urgency): KeyOutcome {
    if (this.#mode === 'sscp') return this.#sendSscp(aid, urgency);
    this.insertMode = this.#defaultInsertMode;
    this.#lastAid = aid;
    this.#lock.set(LOCK.Twait | LOCK.System);
    this.#handler.aid(aid);
    return 'ok';
  }

  /** SSCP-LU: Enter ends the line and sends it, Clear is local, and there are no other AIDs. */
  #sendSscp(aid: AidByte, urgency: Urgency): KeyOutcome {
    if (aid === AID.Clear) return 'ok';
    if (aid !== AID.Enter) return this.#refuse(urgency);
    const screen = this.#screen;
    const nextRow = (Math.floor(screen.cursor / screen.columns) + 1) * screen.columns;
    if (nextRow < screen.size) screen.moveCursor(nextRow);
    this.#lastAid = aid;
    this.#handler.aid(aid);
    if (nextRow >= screen.size) this.#scroll();
    return 'ok';
  }

  #edit(edit: (screen: Screen, rules: TypingRules) => EditOutcome, urgency: Urgency): KeyOutcome {
    const screen = this.#screen;
    const atEnd = screen.cursor === screen.size - 1;
    const outcome = edit(screen, {
      insert: this.insertMode,
      numericLock: this.#numericLock,
      blankFill: this.#blankFill,
      charsetsReported: this.#charsetsReported,
    });
    // SSCP-LU text that reaches the end of the buffer moves it up.
    if (this.#mode === 'sscp' && atEnd && screen.cursor === 0) this.#scroll();
    return this.#settle(outcome, urgency);
  }

  #scroll(): void {
    this.#screen.scroll();
    this.#screen.moveCursor(this.#screen.size - this.#screen.columns);
    this.#handler.scrolled();
  }

  #moveTo(address: BufferAddress | null): 'ok' | 'unavailable' {
    if (address === null) return 'unavailable';
    this.#screen.moveCursor(address);
    return 'ok';
  }

  /** X −f: the key does not exist in this state. */
  #refuse(urgency: Urgency): KeyOutcome {
    if (urgency === 'type-ahead') this.#lock.set(LOCK.Minus);
    return 'unavailable';
  }

  /** Locks on an operator error of a person, lifts one when the stroke went well. A program leaves the lock alone. */
  #settle(outcome: KeyOutcome, urgency: Urgency): KeyOutcome {
    if (!isOperatorError(outcome)) {
      this.#lock.clear(LOCK.OperatorErrorMask);
    } else if (urgency === 'type-ahead') {
      this.#typedAhead = [];
      this.#lock.keep(~LOCK.OperatorErrorMask, OPERATOR_ERROR_BITS[outcome]);
    }
    return outcome;
  }

  /** Whether the lock keeps the stroke out; an operator error alone does not when the key forgives it. */
  #blocked(forgives: boolean): boolean {
    return this.#lock.has(forgives ? ~LOCK.OperatorErrorMask : ~0);
  }

  #wait(urgency: Urgency, stroke: () => void): KeyOutcome {
    if (urgency === 'immediate' || !this.#takesKeys) return 'locked';
    if (this.#lock.has(REFUSES_TYPE_AHEAD) || this.#typedAhead.length >= this.#typeAheadLimit) return 'locked';
    this.#typedAhead.push(stroke);
    return 'queued';
  }

  get #takesKeys(): boolean {
    return this.#mode === '3270' || this.#mode === 'tn3270e' || this.#mode === 'sscp';
  }

  get #inAplField(): boolean {
    const field = this.#screen.fieldAt(this.#screen.cursor);
    return field !== NO_FIELD && charsetOf(this.#screen.cells[field] as Cell) === CELL_CHARSET.Apl;
  }

  #contains(address: BufferAddress): boolean {
    return Number.isInteger(address) && address >= 0 && address < this.#screen.size;
  }
}
