/**
 * Reads `text/event-stream` from bytes that are cut anywhere (WHATWG HTML, 9.2.6). Total: whatever is no field of the format is passed over,
 * as the format asks for. What is held back stays until an event is whole: whoever feeds it bounds `buffered`.
 */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #line = '';
  #data: string[] = [];
  #dataLength = 0;
  #id: string;
  #lastEventId: string;
  #isAfterCr = false;
  #retryMs: number | undefined;

  /** `lastEventId`: of the stream that this one goes on with. */
  constructor(lastEventId = '') {
    this.#id = lastEventId;
    this.#lastEventId = lastEventId;
  }

  /** What to resume behind; empty as long as the stream has given no id. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How long the server wants to be left alone after a lost connection, ms; undefined when it did not say. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** UTF-16 code units that are held back. */
  get buffered(): number {
    return this.#line.length + this.#dataLength;
  }

  /** The data of the events that these bytes complete. */
  push(bytes: Uint8Array): string[] {
    const events: string[] = [];
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return events;
    // A line feed behind a carriage return belongs to it, even when the cut is between them.
    if (this.#isAfterCr && text.startsWith('\n')) text = text.slice(1);
    this.#isAfterCr = text.endsWith('\r');
    const lines = text.split(/\r\n|\r|\n/);
    const rest = lines.pop() as string;
    for (const part of lines) {
      this.#take(this.#line + part, events);
      this.#line = '';
    }
    this.#line += rest;
    return events;
  }

  #take(line: string, events: string[]): void {
    if (line === '') {
      // An id counts even without data: it says what is already behind the reader.
      this.#lastEventId = this.#id;
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#dataLength = 0;
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line.startsWith(' ', colon + 1) ? colon + 2 : colon + 1);
    if (name === 'data') {
      this.#data.push(value);
      this.#dataLength += value.length + 1;
    } else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.#retryMs = Number(value);
  }
}
