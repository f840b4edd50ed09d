import type { CodePage } from '../codepage/codePage.ts';
import { AID, type AidByte } from '../datastream/aid.ts';
import { ATTRIBUTES, FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import { ByteBuffer } from '../datastream/byteBuffer.ts';
import { type Command, COMMANDS, commandOf } from '../datastream/command.ts';
import { decodeWrite, type WriteFault } from '../datastream/decode.ts';
import { type DisplayProfile, encodeQueryList, encodeQueryReplies } from '../datastream/queryReply.ts';
import type { RecordOutcome } from '../datastream/outcome.ts';
import { FIELD_MODE, REPLY_MODE, type ReplyMode } from '../datastream/replyMode.ts';
import {
  ERASE_RESET,
  type FieldRange,
  QUERY_LIST,
  READ_PARTITION,
  STRUCTURED_FIELDS,
  structuredFields,
} from '../datastream/structuredField.ts';
import { WCC } from '../datastream/wcc.ts';
import { readBuffer, readModified, readSscp } from '../screen/read.ts';
import { Screen, type ScreenSize } from '../screen/screen.ts';
import { SscpWriter } from '../screen/sscp.ts';
import { ScreenWriter } from '../screen/write.ts';
import type { Model } from './model.ts';

/** The part of the keyboard that the host's writes touch. */
export interface KeyboardControl {
  /** The AID that a read by the host reports. */
  readonly lastAid: AidByte;
  /** A command that writes begins: Enter is no longer inhibited after a query reply. */
  hostWrote(): void;
  /** A write ended; `restore` is the keyboard restore bit of its WCC. */
  writeCompleted(restore: boolean): void;
  /** The host restored the keyboard otherwise: EAU, the restore indicator of a header, SSCP-LU data. */
  restored(): void;
  /** A query reply went out: Enter is inhibited until the host writes. */
  queryReplied(): void;
  /** Whether reads now return the charset of characters. */
  replyModeSet(charsetsReported: boolean): void;
}

export interface TerminalHandler {
  /** An inbound record to be sent, without framing. Borrowed until it returns. */
  reply(record: Uint8Array): void;
  alarm(): void;
}

export interface TerminalOptions {
  readonly model: Model;
  readonly codePage: CodePage;
  /** Program name in the RPQ Names query reply. */
  readonly rpqName: string;
}

/**
 * A 3270 display station without a line: takes outbound records, draws them, answers reads and queries. The keyboard is
 * attached to it, the telnet layer feeds it.
 */
export class Terminal {
  readonly screen: Screen;
  readonly model: Model;
  readonly #handler: TerminalHandler;
  readonly #profile: DisplayProfile;
  readonly #writer: ScreenWriter;
  readonly #sscp: SscpWriter;
  readonly #out = new ByteBuffer(1024);
  #keyboard: KeyboardControl | undefined;
  #replyMode: ReplyMode = FIELD_MODE;
  #defaultSize: ScreenSize;
  #alternateSize: ScreenSize;
  #isAlternate = false;
  #lastFault: WriteFault | undefined;

  constructor(options: TerminalOptions, handler: TerminalHandler) {
    const { model, codePage, rpqName } = options;
    this.model = model;
    this.#handler = handler;
    this.#defaultSize = model.defaultSize;
    this.#alternateSize = model.alternateSize;
    this.#profile = { maxSize: model.alternateSize, color: model.color, codePage, rpqName };
    this.screen = new Screen(model.defaultSize);
    this.#writer = new ScreenWriter(this.screen, model.color);
    this.#sscp = new SscpWriter(this.screen);
  }

  /** To be called once, before the first record: screen and keyboard know each other through the terminal. */
  attachKeyboard(keyboard: KeyboardControl): void {
    this.#keyboard = keyboard;
  }

  get replyMode(): ReplyMode {
    return this.#replyMode;
  }

  /** Whether the screen has the alternate size. */
  get isAlternate(): boolean {
    return this.#isAlternate;
  }

  /** Why the last record that was refused was refused; for the trace. */
  get lastFault(): WriteFault | undefined {
    return this.#lastFault;
  }

  /** Orders below 40 that do not exist, since the start. */
  get unknownOrders(): number {
    return this.#writer.unknownOrders;
  }

  /**
   * Takes one outbound 3270 record, command byte first. `keyboardRestore` is the KRI bit of TN3270E: the keyboard is
   * restored whatever the WCC says. (GA23-0059-07 §3.5)
   */
  process(record: Uint8Array, keyboardRestore = false): RecordOutcome {
    if (record.length === 0) return 'ok';
    const command = commandOf(record[0] as number);
    const outcome = command === undefined ? 'bad-command' : this.#execute(command, record);
    if (keyboardRestore) this.#keyboard?.restored();
    return outcome;
  }

  /** Draws SSCP-LU data. */
  writeSscp(bytes: Uint8Array): void {
    this.#sscp.write(bytes);
    this.#keyboard?.restored();
  }

  /** Sends what the operator typed since the host's last message on the SSCP-LU session; the cursor is at its end. */
  sendSscp(): void {
    this.#out.reset();
    readSscp(this.#out, this.screen, this.#sscp.inputStart);
    this.#handler.reply(this.#out.view());
    this.#sscp.continueAt(this.screen.cursor);
  }

  /** The operator cleared the buffer. */
  cleared(): void {
    this.#sscp.reset();
  }

  /** The operator's SSCP-LU input moved the buffer up by a row; the host goes on at the cursor. */
  scrolled(): void {
    this.#sscp.scrolled();
    this.#sscp.continueAt(this.screen.cursor);
  }

  /** Sends what Read Modified sends for `aid`: the record of an attention key. */
  sendAid(aid: AidByte): void {
    this.#out.reset();
    readModified(this.#out, this.screen, aid, this.#replyMode, false);
    this.#handler.reply(this.#out.view());
  }

  /** The connection began, ended or changed its mode: what the host had set is forgotten, the screen stays. */
  resetModes(): void {
    this.#enterReplyMode(FIELD_MODE);
  }

  /** Sizes that a BIND allows; the screen takes them with the next erase. */
  setSizes(defaultSize: ScreenSize, alternateSize: ScreenSize): void {
    this.#defaultSize = defaultSize;
    this.#alternateSize = alternateSize;
  }

  /** The model's own sizes again: after an UNBIND or a disconnect. */
  resetSizes(): void {
    this.setSizes(this.model.defaultSize, this.model.alternateSize);
  }

  /** Clears the buffer and takes the default or alternate size. */
  erase(alternate: boolean): void {
    this.#keyboard?.hostWrote();
    this.screen.clear();
    this.#sscp.reset();
    this.#isAlternate = alternate;
    this.screen.resize(alternate ? this.#alternateSize : this.#defaultSize);
  }

  #execute(command: Command, record: Uint8Array): RecordOutcome {
    switch (command) {
      case 'W':
        return this.#write(record, 0, record.length, false);
      case 'EW':
        this.erase(false);
        return this.#write(record, 0, record.length, true);
      case 'EWA':
        this.erase(true);
        return this.#write(record, 0, record.length, true);
      case 'EAU':
        this.#eraseAllUnprotected();
        return 'ok';
      case 'RB':
      case 'RM':
      case 'RMA':
        return this.#read(command, this.#keyboard?.lastAid ?? AID.None);
      case 'WSF':
        return this.#writeStructuredField(record);
      case 'NOP':
        return 'ok';
    }
  }

  /** `record[start]` is the command byte; the WCC follows. */
  #write(record: Uint8Array, start: number, end: number, erased: boolean): RecordOutcome {
    this.#keyboard?.hostWrote();
    if (end - start < 2) {
      this.#lastFault = { offset: start, order: 'WCC', reason: 'short' };
      return 'bad-address';
    }
    const wcc = record[start + 1] as number;
    if (erased && (wcc & WCC.Reset) !== 0) this.#enterReplyMode(FIELD_MODE);
    if (!erased && (wcc & WCC.ResetMdt) !== 0) this.#resetModified();
    this.#writer.begin();
    const fault = decodeWrite(record, start + 2, end, this.#writer);
    this.#writer.end();
    this.#keyboard?.writeCompleted((wcc & WCC.KeyboardRestore) !== 0);
    if ((wcc & WCC.SoundAlarm) !== 0) this.#handler.alarm();
    if (fault === undefined) return 'ok';
    this.#lastFault = fault;
    return 'bad-address';
  }

  #resetModified(): void {
    const { screen } = this;
    for (const field of screen.fieldStarts) screen.setModified(field, false);
  }

  /** Unprotected cells become NUL, their MDTs are reset, the cursor goes to the first of them. GA23-0059-07 §3.5.5. */
  #eraseAllUnprotected(): void {
    const { screen } = this;
    this.#keyboard?.hostWrote();
    if (screen.formatted) {
      const { cells } = screen;
      let cursor = -1;
      for (const field of screen.fieldStarts) {
        if (((cells[field] as number) & FIELD_ATTRIBUTE.Protected) !== 0) continue;
        cells[field] = (cells[field] as number) & ~FIELD_ATTRIBUTE.Modified;
        if (cursor < 0) cursor = screen.next(field);
        screen.eraseField(field);
      }
      screen.changed(false);
      screen.moveCursor(Math.max(cursor, 0));
    } else {
      screen.clear();
      this.#sscp.reset();
    }
    this.#keyboard?.restored();
  }

  #read(command: 'RB' | 'RM' | 'RMA', aid: AidByte): RecordOutcome {
    this.#out.reset();
    if (command === 'RB') readBuffer(this.#out, this.screen, aid, this.#replyMode);
    else readModified(this.#out, this.screen, aid, this.#replyMode, command === 'RMA');
    this.#handler.reply(this.#out.view());
    return 'replied';
  }

  #writeStructuredField(record: Uint8Array): RecordOutcome {
    const { fields, whole } = structuredFields(record, 1);
    let replied = false;
    let refused = !whole;
    for (const field of fields) {
      const outcome = this.#structuredField(record, field);
      if (outcome === 'replied') replied = true;
      else if (outcome !== 'ok') refused = true;
    }
    if (replied) return 'replied';
    return refused ? 'bad-command' : 'ok';
  }

  #structuredField(record: Uint8Array, field: FieldRange): RecordOutcome {
    const { start, end } = field;
    const length = end - start;
    switch (field.id) {
      case STRUCTURED_FIELDS.ReadPartition.code:
        return length < 5 ? 'bad-command' : this.#readPartition(record.subarray(start, end));
      case STRUCTURED_FIELDS.EraseReset.code: {
        const size = record[start + 3];
        if (length !== 4 || (size !== ERASE_RESET.Default && size !== ERASE_RESET.Alternate)) return 'bad-command';
        this.erase(size === ERASE_RESET.Alternate);
        return 'ok';
      }
      case STRUCTURED_FIELDS.SetReplyMode.code:
        return length < 5 ? 'bad-command' : this.#setReplyMode(record.subarray(start, end));
      case STRUCTURED_FIELDS.CreatePartition.code:
        return this.#createPartition(record.subarray(start, end));
      case STRUCTURED_FIELDS.Outbound3270DS.code:
        return length < 5 || record[start + 3] !== 0 ? 'bad-command' : this.#outbound(record, start + 4, end);
      case STRUCTURED_FIELDS.TransferData.code:
        return 'ok';
      default:
        return 'bad-command';
    }
  }

  #readPartition(field: Uint8Array): RecordOutcome {
    const partition = field[3] as number;
    const type = field[4] as number;
    switch (type) {
      case READ_PARTITION.Query:
        if (partition !== ALL_PARTITIONS) return 'bad-command';
        return this.#replyToQuery((out) => encodeQueryReplies(out, this.#profile));
      case READ_PARTITION.QueryList: {
        if (partition !== ALL_PARTITIONS || field.length < 6) return 'bad-command';
        const request = field[5] as number;
        if (request === QUERY_LIST.List) {
          return this.#replyToQuery((out) => encodeQueryList(out, this.#profile, field.subarray(6)));
        }
        if (request !== QUERY_LIST.Equivalent && request !== QUERY_LIST.All) return 'bad-command';
        return this.#replyToQuery((out) => encodeQueryReplies(out, this.#profile));
      }
      case READ_PARTITION.ReadBuffer:
        return partition === 0 ? this.#read('RB', AID.QueryReply) : 'bad-command';
      case READ_PARTITION.ReadModified:
        return partition === 0 ? this.#read('RM', AID.QueryReply) : 'bad-command';
      case READ_PARTITION.ReadModifiedAll:
        return partition === 0 ? this.#read('RMA', AID.QueryReply) : 'bad-command';
      default:
        return 'bad-command';
    }
  }

  #replyToQuery(encode: (out: ByteBuffer) => void): RecordOutcome {
    this.#out.reset();
    encode(this.#out);
    this.#handler.reply(this.#out.view());
    this.#keyboard?.queryReplied();
    return 'replied';
  }

  #setReplyMode(field: Uint8Array): RecordOutcome {
    if (field[3] !== 0) return 'bad-command';
    switch (field[4]) {
      case REPLY_MODE.Field:
        this.#enterReplyMode(FIELD_MODE);
        return 'ok';
      case REPLY_MODE.ExtendedField:
        this.#enterReplyMode({ kind: 'extended-field' });
        return 'ok';
      case REPLY_MODE.Character:
        this.#enterReplyMode({ kind: 'character', attributes: new Set(field.subarray(5)) });
        return 'ok';
      default:
        return 'bad-command';
    }
  }

  #enterReplyMode(mode: ReplyMode): void {
    this.#replyMode = mode;
    this.#keyboard?.replyModeSet(mode.kind === 'character' && mode.attributes.has(ATTRIBUTES.Charset.code));
  }

  /** One partition is all there is: its size is taken note of by nobody, the cursor goes home. GA23-0059-07 §5.6. */
  #createPartition(field: Uint8Array): RecordOutcome {
    if (field.length > 3 && field[3] !== 0) return 'bad-command';
    if (field.length > 4) {
      const unit = (field[4] as number) >> 4;
      const addressing = (field[4] as number) & 0x0f;
      if ((unit !== 0 && unit !== 2) || addressing > 2) return 'bad-command';
    }
    this.screen.moveCursor(0);
    return 'ok';
  }

  /** `record[start]` is the command of an Outbound 3270DS field. Erasing keeps the present size. GA23-0059-07 §5.15. */
  #outbound(record: Uint8Array, start: number, end: number): RecordOutcome {
    switch (record[start]) {
      case COMMANDS.W.snaCode:
        return end - start > 1 ? this.#write(record, start, end, false) : 'ok';
      case COMMANDS.EW.snaCode:
      case COMMANDS.EWA.snaCode:
        this.erase(this.#isAlternate);
        return end - start > 1 ? this.#write(record, start, end, true) : 'ok';
      case COMMANDS.EAU.snaCode:
        this.#eraseAllUnprotected();
        return 'ok';
      default:
        return 'bad-command';
    }
  }
}

/** Partition id of a query: the display as a whole. */
const ALL_PARTITIONS = 0xff;
