import type { Screen } from '../screen/screen.ts';
import { GRAPHIC_SET, type GraphicSet, graphicSet, translate } from './charset.ts';
import { ANSI_MODES, FUNCTION_NAMES, functionKey, type NvtFunctionName, PRIVATE_MODES } from './function.ts';
import { NvtPage } from './page.ts';
import { NvtParser } from './parser.ts';
import { selectRendition } from './rendition.ts';

/** What drawing asks of the session. */
export interface NvtWriterHandler {
  /** Sends an answer to the host, at once and not through line editing. The bytes are the receiver's to keep. */
  answer(bytes: Uint8Array): void;
  bell(): void;
}

const CONTROL = {
  BEL: 0x07,
  BS: 0x08,
  HT: 0x09,
  LF: 0x0a,
  VT: 0x0b,
  FF: 0x0c,
  CR: 0x0d,
  SO: 0x0e,
  SI: 0x0f,
} as const;

const NUL = 0;
/** First of the intermediates `( ) * +` that designate G0 to G3. */
const DESIGNATE_G0 = 0x28;
/** VT100 with advanced video option. */
const DEVICE_ATTRIBUTES = '\x1b[?1;2c';
/** A VT100; no version is told. */
const SECONDARY_DEVICE_ATTRIBUTES = '\x1b[>0;0;0c';
const STATUS_READY = '\x1b[0n';
const REPORT_STATUS = 5;
const REPORT_POSITION = 6;
const REPORT_SIZE = 18;
const CLEAR_ALL_TABS = 3;

const NO_PARAMETERS = new Uint16Array(0);

type GraphicSets = [GraphicSet, GraphicSet, GraphicSet, GraphicSet];

const ALL_ASCII: Readonly<GraphicSets> = [GRAPHIC_SET.Ascii, GRAPHIC_SET.Ascii, GRAPHIC_SET.Ascii, GRAPHIC_SET.Ascii];

/** Graphic sets: what is designated as G0 to G3, which one is in use, and which one for the next character alone. */
interface Charsets {
  readonly sets: Readonly<GraphicSets>;
  readonly locked: number;
}

const INITIAL_CHARSETS: Charsets = { sets: ALL_ASCII, locked: 0 };

const encoder = new TextEncoder();

/**
 * Draws what a host sends in NVT mode (plain telnet, or TN3270E NVT-DATA records) on the screen, as the VT100 and the
 * part of xterm that the tables of `function.ts` list. Total: any bytes, cut anywhere, are consumed; what is not known
 * is counted. Its memory is that of two screens at most.
 */
export class NvtWriter {
  readonly #handler: NvtWriterHandler;
  readonly #screen: Screen;
  readonly #page: NvtPage;
  readonly #parser: NvtParser;
  #charsets = INITIAL_CHARSETS;
  #savedCharsets = INITIAL_CHARSETS;
  /** G2 or G3 for the next character. */
  #singleShift: number | undefined;
  #lastPrinted = 0;
  #newLineMode = false;
  #applicationCursorKeys = false;
  #cursorVisible = true;
  /** Private modes as XTSAVE found them; known modes only. */
  readonly #savedModes = new Map<number, boolean>();
  #unknownSequences = 0;
  /**
   * A line feed received implies a carriage return. For plain telnet in line mode, where hosts send bare line feeds;
   * not for NVT-DATA. Default false.
   */
  lineFeedReturns = false;

  constructor(screen: Screen, handler: NvtWriterHandler) {
    this.#screen = screen;
    this.#handler = handler;
    this.#page = new NvtPage(screen);
    this.#parser = new NvtParser({
      print: (codePoint) => this.#print(codePoint),
      execute: (control) => this.#execute(control),
      escape: (intermediate, final) => this.#escape(intermediate, final),
      control: (marker, parameters, count, intermediate, final) =>
        this.#control(marker, parameters, count, intermediate, final),
      unknown: () => {
        this.#unknownSequences++;
      },
    });
  }

  /** DECCKM: cursor keys send SS3 sequences. */
  get applicationCursorKeys(): boolean {
    return this.#applicationCursorKeys;
  }

  /** DECTCEM. */
  get cursorVisible(): boolean {
    return this.#cursorVisible;
  }

  /** Whether the alternate buffer is shown. */
  get alternateBuffer(): boolean {
    return this.#page.alternate;
  }

  /** Sequences consumed without effect because they are not known or not well-formed. */
  get unknownSequences(): number {
    return this.#unknownSequences;
  }

  /** Draws received text; telnet commands and IAC doubling are already removed. */
  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#page.begin();
    this.#parser.push(bytes, start, end);
    this.#page.end();
  }

  /** Takes back cells that local editing echoed. */
  rubOut(columns: number): void {
    this.#page.begin();
    this.#page.rubOut(columns);
    this.#page.end();
  }

  /** Begins NVT mode: everything initial, on an empty screen. */
  reset(): void {
    this.#parser.reset();
    this.#page.begin();
    this.#initialize();
    this.#page.end();
  }

  /** Ends NVT mode: back to the primary buffer with a visible cursor. */
  leave(): void {
    this.#parser.reset();
    this.#cursorVisible = true;
    this.#page.begin();
    this.#page.leaveAlternate();
    this.#page.end();
  }

  #initialize(): void {
    this.#page.reset();
    this.#page.clear();
    this.#savedModes.clear();
    this.#savedCharsets = INITIAL_CHARSETS;
    this.#lastPrinted = 0;
    this.#softReset();
  }

  /** DECSTR, VT220 Programmer Reference, table 4-11: modes and rendition, not the contents nor the tab stops. */
  #softReset(): void {
    const page = this.#page;
    page.attributes = 0;
    page.autoWrap = true;
    page.reverseWrap = false;
    page.insertMode = false;
    this.#keepingPosition(() => {
      page.setOriginMode(false);
      page.setRegion(0, page.rows - 1);
    });
    this.#charsets = INITIAL_CHARSETS;
    this.#singleShift = undefined;
    this.#newLineMode = false;
    this.#applicationCursorKeys = false;
    this.#cursorVisible = true;
  }

  #keepingPosition(change: () => void): void {
    const { row, column } = this.#page;
    change();
    this.#page.moveTo(row, column);
  }

  #print(codePoint: number): void {
    const { sets, locked } = this.#charsets;
    const shown = translate(sets[this.#singleShift ?? locked] as GraphicSet, codePoint);
    this.#singleShift = undefined;
    this.#lastPrinted = shown;
    this.#page.print(shown);
  }

  #execute(control: number): void {
    switch (control) {
      case CONTROL.BEL:
        this.#handler.bell();
        return;
      case CONTROL.BS:
        this.#page.backspace();
        return;
      case CONTROL.HT:
        this.#page.tab(1);
        return;
      case CONTROL.LF:
        if (this.#newLineMode || this.lineFeedReturns) this.#page.carriageReturn();
        this.#page.lineFeed();
        return;
      case CONTROL.VT:
        if (this.#newLineMode) this.#page.carriageReturn();
        this.#page.lineFeed();
        return;
      case CONTROL.FF:
        // A new page, RFC 854: a display has nothing but to clear.
        this.#page.clear();
        return;
      case CONTROL.CR:
        this.#page.carriageReturn();
        return;
      case CONTROL.SO:
        this.#lock(1);
        return;
      case CONTROL.SI:
        this.#lock(0);
        return;
      case NUL:
        return;
      default:
        this.#unknownSequences++;
    }
  }

  #escape(intermediate: number, final: number): void {
    const slot = intermediate - DESIGNATE_G0;
    const set = slot >= 0 && slot < ALL_ASCII.length ? graphicSet(final) : undefined;
    if (set === undefined) this.#call(functionKey('ESC', 0, intermediate, final), NO_PARAMETERS, 0);
    else {
      const sets: GraphicSets = [...this.#charsets.sets];
      sets[slot] = set;
      this.#charsets = { ...this.#charsets, sets };
    }
  }

  #control(marker: number, parameters: Uint16Array, count: number, intermediate: number, final: number): void {
    this.#call(functionKey('CSI', marker, intermediate, final), parameters, count);
  }

  #call(key: number, parameters: Uint16Array, count: number): void {
    const name = FUNCTION_NAMES.get(key);
    if (name === undefined) this.#unknownSequences++;
    else NvtWriter.#FUNCTIONS[name](this, this.#page, parameters, count);
  }

  #lock(slot: number): void {
    this.#charsets = { ...this.#charsets, locked: slot };
  }

  #saveCursor(): void {
    this.#page.saveCursor();
    this.#savedCharsets = this.#charsets;
  }

  #restoreCursor(): void {
    this.#page.restoreCursor();
    this.#charsets = this.#savedCharsets;
  }

  #answer(text: string): void {
    this.#handler.answer(encoder.encode(text));
  }

  #eraseInPage(extent: number): void {
    const page = this.#page;
    const address = page.row * page.columns + page.column;
    if (extent === 0) page.eraseCells(address, this.#screen.size);
    else if (extent === 1) page.eraseCells(0, address + 1);
    else if (extent === 2) page.eraseCells(0, this.#screen.size);
    else this.#unknownSequences++;
  }

  #eraseInLine(extent: number): void {
    const page = this.#page;
    if (extent === 0) page.eraseColumns(page.column, page.columns);
    else if (extent === 1) page.eraseColumns(0, page.column + 1);
    else if (extent === 2) page.eraseColumns(0, page.columns);
    else this.#unknownSequences++;
  }

  #repeat(count: number): void {
    if (this.#lastPrinted === 0) return;
    // No more than a row, so that a few bytes cannot ask for much work.
    for (let left = Math.min(count, this.#page.columns); left > 0; left--) this.#page.print(this.#lastPrinted);
  }

  #setModes(parameters: Uint16Array, count: number, on: boolean): void {
    for (const mode of parameters.subarray(0, count)) {
      if (mode === ANSI_MODES.IRM.code) this.#page.insertMode = on;
      else if (mode === ANSI_MODES.LNM.code) this.#newLineMode = on;
      else this.#unknownSequences++;
    }
  }

  #setPrivateMode(mode: number, on: boolean): void {
    const page = this.#page;
    switch (mode) {
      case PRIVATE_MODES.DECCKM.code:
        this.#applicationCursorKeys = on;
        return;
      case PRIVATE_MODES.DECANM.code:
        if (on) this.#charsets = { ...this.#charsets, sets: ALL_ASCII };
        return;
      case PRIVATE_MODES.DECOM.code:
        page.setOriginMode(on);
        return;
      case PRIVATE_MODES.DECAWM.code:
        page.autoWrap = on;
        return;
      case PRIVATE_MODES.DECTCEM.code:
        this.#cursorVisible = on;
        return;
      case PRIVATE_MODES.ReverseWrap.code:
        page.reverseWrap = on;
        return;
      case PRIVATE_MODES.AlternateScreen.code:
        if (on) page.enterAlternate();
        else page.leaveAlternate();
        return;
      case PRIVATE_MODES.CursorSaved.code:
        if (on) this.#saveCursor();
        else this.#restoreCursor();
        return;
      // The reference emulator takes 47 for 1049.
      case PRIVATE_MODES.AlternateBuffer.code:
      case PRIVATE_MODES.AlternateWithCursor.code:
        if (on) {
          this.#saveCursor();
          page.enterAlternate();
        } else {
          page.leaveAlternate();
          this.#restoreCursor();
        }
        return;
      default:
        this.#unknownSequences++;
    }
  }

  /** State of a private mode that XTSAVE can keep. */
  #privateMode(mode: number): boolean | undefined {
    switch (mode) {
      case PRIVATE_MODES.DECCKM.code:
        return this.#applicationCursorKeys;
      case PRIVATE_MODES.DECOM.code:
        return this.#page.originMode;
      case PRIVATE_MODES.DECAWM.code:
        return this.#page.autoWrap;
      case PRIVATE_MODES.DECTCEM.code:
        return this.#cursorVisible;
      case PRIVATE_MODES.ReverseWrap.code:
        return this.#page.reverseWrap;
      case PRIVATE_MODES.AlternateBuffer.code:
      case PRIVATE_MODES.AlternateScreen.code:
      case PRIVATE_MODES.AlternateWithCursor.code:
        return this.#page.alternate;
      default:
        return undefined;
    }
  }

  #savePrivateMode(mode: number): void {
    const on = this.#privateMode(mode);
    if (on === undefined) this.#unknownSequences++;
    else this.#savedModes.set(mode, on);
  }

  #restorePrivateMode(mode: number): void {
    const on = this.#savedModes.get(mode);
    if (on !== undefined && on !== this.#privateMode(mode)) this.#setPrivateMode(mode, on);
  }

  #reportStatus(report: number): void {
    if (report === REPORT_STATUS) this.#answer(STATUS_READY);
    else if (report === REPORT_POSITION) this.#answer(`\x1b[${this.#page.reportedRow};${this.#page.column + 1}R`);
    else this.#unknownSequences++;
  }

  static readonly #FUNCTIONS: Readonly<
    Record<NvtFunctionName, (writer: NvtWriter, page: NvtPage, parameters: Uint16Array, count: number) => void>
  > = {
    DECSC: (writer) => writer.#saveCursor(),
    DECRC: (writer) => writer.#restoreCursor(),
    DECKPAM: () => {},
    DECKPNM: () => {},
    IND: (_, page) => page.lineFeed(),
    NEL: (_, page) => {
      page.carriageReturn();
      page.lineFeed();
    },
    HTS: (_, page) => page.setTabStop(),
    RI: (_, page) => page.reverseLineFeed(),
    SS2: (writer) => {
      writer.#singleShift = 2;
    },
    SS3: (writer) => {
      writer.#singleShift = 3;
    },
    DECID: (writer) => writer.#answer(DEVICE_ATTRIBUTES),
    ST: () => {},
    RIS: (writer) => writer.#initialize(),
    LS2: (writer) => writer.#lock(2),
    LS3: (writer) => writer.#lock(3),
    ICH: (_, page, parameters) => page.insertCells(orOne(parameters)),
    CUU: (_, page, parameters) => page.moveUp(orOne(parameters)),
    CUD: (_, page, parameters) => page.moveUp(-orOne(parameters)),
    CUF: (_, page, parameters) => page.moveRight(orOne(parameters)),
    CUB: (_, page, parameters) => page.moveLeft(orOne(parameters)),
    CNL: (_, page, parameters) => {
      page.moveUp(-orOne(parameters));
      page.moveToColumn(0);
    },
    CPL: (_, page, parameters) => {
      page.moveUp(orOne(parameters));
      page.moveToColumn(0);
    },
    CHA: (_, page, parameters) => page.moveToColumn(orOne(parameters) - 1),
    CUP: (_, page, parameters) => page.moveTo(orOne(parameters) - 1, orOne(parameters, 1) - 1),
    CHT: (_, page, parameters) => page.tab(orOne(parameters)),
    ED: (writer, _, parameters) => writer.#eraseInPage(parameters[0] as number),
    EL: (writer, _, parameters) => writer.#eraseInLine(parameters[0] as number),
    IL: (_, page, parameters) => page.insertRows(orOne(parameters)),
    DL: (_, page, parameters) => page.insertRows(-orOne(parameters)),
    DCH: (_, page, parameters) => page.deleteCells(orOne(parameters)),
    SU: (_, page, parameters) => page.scroll(orOne(parameters)),
    SD: (_, page, parameters) => page.scroll(-orOne(parameters)),
    ECH: (_, page, parameters) => page.eraseColumns(page.column, page.column + orOne(parameters)),
    CBT: (_, page, parameters) => page.backTab(orOne(parameters)),
    HPA: (_, page, parameters) => page.moveToColumn(orOne(parameters) - 1),
    HPR: (_, page, parameters) => page.moveRight(orOne(parameters)),
    REP: (writer, _, parameters) => writer.#repeat(orOne(parameters)),
    DA: (writer, _, parameters) => {
      if (parameters[0] === 0) writer.#answer(DEVICE_ATTRIBUTES);
    },
    DA2: (writer, _, parameters) => {
      if (parameters[0] === 0) writer.#answer(SECONDARY_DEVICE_ATTRIBUTES);
    },
    VPA: (_, page, parameters) => page.moveToRow(orOne(parameters) - 1),
    VPR: (_, page, parameters) => page.moveUp(-orOne(parameters)),
    HVP: (_, page, parameters) => page.moveTo(orOne(parameters) - 1, orOne(parameters, 1) - 1),
    TBC: (writer, page, parameters) => {
      if (parameters[0] === 0) page.clearTabStop();
      else if (parameters[0] === CLEAR_ALL_TABS) page.clearAllTabStops();
      else writer.#unknownSequences++;
    },
    SM: (writer, _, parameters, count) => writer.#setModes(parameters, count, true),
    DECSET: (writer, _, parameters, count) => {
      for (const mode of parameters.subarray(0, count)) writer.#setPrivateMode(mode, true);
    },
    RM: (writer, _, parameters, count) => writer.#setModes(parameters, count, false),
    DECRST: (writer, _, parameters, count) => {
      for (const mode of parameters.subarray(0, count)) writer.#setPrivateMode(mode, false);
    },
    SGR: (_, page, parameters, count) => {
      page.attributes = selectRendition(page.attributes, parameters, count);
    },
    DSR: (writer, _, parameters) => writer.#reportStatus(parameters[0] as number),
    DECSTR: (writer) => writer.#softReset(),
    DECSTBM: (_, page, parameters) => {
      const bottom = parameters[1] as number;
      page.setRegion(orOne(parameters) - 1, bottom === 0 ? page.rows - 1 : bottom - 1);
    },
    XTRESTORE: (writer, _, parameters, count) => {
      for (const mode of parameters.subarray(0, count)) writer.#restorePrivateMode(mode);
    },
    SCOSC: (writer) => writer.#saveCursor(),
    XTSAVE: (writer, _, parameters, count) => {
      for (const mode of parameters.subarray(0, count)) writer.#savePrivateMode(mode);
    },
    XTWINOPS: (writer, page, parameters) => {
      if (parameters[0] === REPORT_SIZE) writer.#answer(`\x1b[8;${page.rows};${page.columns}t`);
      else writer.#unknownSequences++;
    },
    SCORC: (writer) => writer.#restoreCursor(),
  };
}

/** A parameter whose default, and whose zero, is one. */
function orOne(parameters: Uint16Array, index = 0): number {
  return Math.max(1, parameters[index] as number);
}
