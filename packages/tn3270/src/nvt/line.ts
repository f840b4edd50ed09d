import { isWide } from '../screen/width.ts';

/** Where local editing shows what is typed; `NvtWriter` is one. */
export interface NvtEcho {
  write(bytes: Uint8Array): void;
  rubOut(columns: number): void;
}

/** What input asks of the connection. */
export interface NvtInputHandler {
  /** User data for the host: not yet escaped for telnet (it never holds FF), the receiver's to keep. */
  send(bytes: Uint8Array): void;
  /** The telnet command IP. */
  interrupt(): void;
  /** The telnet command BRK. */
  break(): void;
}

/** Most bytes of a line with its end; what is typed beyond is refused with the bell. */
export const MAX_LINE_BYTES = 16_384;

/** The character that discards the line and interrupts the host. */
export const INTERRUPT = '\x03';

const CHARACTER = {
  Interrupt: 0x03,
  EndOfFile: 0x04,
  Backspace: 0x08,
  Tab: 0x09,
  LineFeed: 0x0a,
  Return: 0x0d,
  Reprint: 0x12,
  Kill: 0x15,
  LiteralNext: 0x16,
  EraseWord: 0x17,
  Quit: 0x1c,
  Space: 0x20,
  Delete: 0x7f,
} as const;

const BELL = '\x07';
const LINE_END = '\r\n';

const encoder = new TextEncoder();

const isControl = (codePoint: number): boolean => codePoint < CHARACTER.Space || codePoint === CHARACTER.Delete;

/** A control character shows as a caret and a letter. */
function visible(codePoint: number): string {
  return isControl(codePoint) ? `^${String.fromCharCode(codePoint ^ 0x40)}` : String.fromCodePoint(codePoint);
}

function columnsOf(codePoint: number): number {
  return isControl(codePoint) || isWide(codePoint) ? 2 : 1;
}

/** What a character of the line is on the wire: a carriage return is followed by NUL (RFC 854). */
function onWire(codePoint: number): string {
  return codePoint === CHARACTER.Return ? '\r\0' : String.fromCodePoint(codePoint);
}

function byteLength(codePoint: number): number {
  if (codePoint === CHARACTER.Return) return 2;
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x1_0000 ? 3 : 4;
}

/**
 * The line being typed while the host neither echoes nor edits: echoed and edited here, sent as a whole. The editing
 * characters are those that a Unix terminal has by default, as in the reference emulator.
 */
export class LineEditor {
  readonly #handler: NvtInputHandler;
  readonly #echo: NvtEcho;
  #line: number[] = [];
  #bytes = 0;
  #literal = false;

  constructor(handler: NvtInputHandler, echo: NvtEcho) {
    this.#handler = handler;
    this.#echo = echo;
  }

  /** Takes typed text; CR, LF and CR LF each end the line. */
  type(text: string): void {
    for (const character of text.replaceAll(LINE_END, '\n')) this.#type(character.codePointAt(0) as number);
  }

  /** Sends what there is, without a line end. */
  flush(): void {
    this.#send('');
  }

  /** Forgets what there is, and leaves the screen as it is. */
  clear(): void {
    this.#line = [];
    this.#bytes = 0;
    this.#literal = false;
  }

  #type(codePoint: number): void {
    if (this.#literal) {
      this.#literal = false;
      this.#add(codePoint);
      return;
    }
    switch (codePoint) {
      case CHARACTER.Return:
      case CHARACTER.LineFeed:
        this.#show(LINE_END);
        this.#send(LINE_END);
        return;
      case CHARACTER.Interrupt:
        this.#show(visible(codePoint));
        this.clear();
        this.#handler.interrupt();
        return;
      case CHARACTER.Quit:
        this.#show(visible(codePoint));
        this.clear();
        this.#handler.break();
        return;
      case CHARACTER.Backspace:
      case CHARACTER.Delete:
        this.#erase();
        return;
      case CHARACTER.Kill:
        while (this.#line.length > 0) this.#erase();
        return;
      case CHARACTER.EraseWord:
        this.#eraseWord();
        return;
      case CHARACTER.Reprint:
        this.#show(visible(codePoint) + LINE_END + this.#line.map(visible).join(''));
        return;
      case CHARACTER.EndOfFile:
        this.#add(codePoint);
        this.#send('');
        return;
      case CHARACTER.LiteralNext:
        this.#literal = true;
        this.#show('^\b');
        return;
      default:
        this.#add(codePoint);
    }
  }

  #add(codePoint: number): void {
    const bytes = byteLength(codePoint);
    if (this.#bytes + bytes + LINE_END.length > MAX_LINE_BYTES) {
      this.#show(BELL);
      return;
    }
    this.#line.push(codePoint);
    this.#bytes += bytes;
    this.#show(visible(codePoint));
  }

  #erase(): void {
    const codePoint = this.#line.pop();
    if (codePoint === undefined) return;
    this.#bytes -= byteLength(codePoint);
    this.#echo.rubOut(columnsOf(codePoint));
  }

  /** Blanks before the position, then the word before them. */
  #eraseWord(): void {
    const blankLast = (): boolean => {
      const last = this.#line.at(-1);
      return last === CHARACTER.Space || last === CHARACTER.Tab;
    };
    while (this.#line.length > 0 && blankLast()) this.#erase();
    while (this.#line.length > 0 && !blankLast()) this.#erase();
  }

  #send(end: string): void {
    const text = this.#line.map(onWire).join('') + end;
    this.clear();
    if (text.length > 0) this.#handler.send(encoder.encode(text));
  }

  #show(text: string): void {
    this.#echo.write(encoder.encode(text));
  }
}
