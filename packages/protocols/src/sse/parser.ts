import type { ReceivedEvent } from './event.ts';

/** What the stream says. */
export type EventStreamItem =
  | { readonly type: 'event'; readonly event: ReceivedEvent }
  | { readonly type: 'retry'; readonly retryMs: number };

/** Characters of a line, and of the data of an event, when nothing else is said. */
const MAX_EVENT_LENGTH = 1_048_576;

/**
 * Reads text/event-stream however it is cut (HTML Standard §9.2.6). An event that the end of the stream cuts off is
 * dropped, as the standard wants it.
 */
export class EventStreamParser {
  readonly #maxLength: number;
  /** Takes no byte order mark off: the one of Node.js takes two when the first is cut. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #hasBegun = false;
  #rest = '';
  /** A carriage return ended the last piece: a line feed that follows belongs to it. */
  #skipsLineFeed = false;
  #event = '';
  #data: string[] = [];
  #length = 0;
  #lastEventId: string;
  /** What an id field said; it counts when the event is dispatched. */
  #idSeen: string;

  /** `lastEventId` is that of an earlier connection. */
  constructor(options: { readonly maxLength?: number; readonly lastEventId?: string } = {}) {
    this.#maxLength = options.maxLength ?? MAX_EVENT_LENGTH;
    this.#lastEventId = options.lastEventId ?? '';
    this.#idSeen = this.#lastEventId;
  }

  /** To be sent when the connection is made again. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** Takes a piece; undefined when a line or an event is longer than allowed: then nothing more is to be read. */
  push(bytes: Uint8Array): EventStreamItem[] | undefined {
    // The decoder puts U+FFFD for what is no UTF-8: so does the standard, which drops one byte order mark.
    let text = this.#decoder.decode(bytes, { stream: true });
    if (!this.#hasBegun && text !== '') {
      this.#hasBegun = true;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (this.#skipsLineFeed && text !== '') {
      this.#skipsLineFeed = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    const items: EventStreamItem[] = [];
    const breaks = /\r\n|\r|\n/g;
    let from = 0;
    for (let found = breaks.exec(text); found !== null; found = breaks.exec(text)) {
      const line = this.#rest + text.slice(from, found.index);
      this.#rest = '';
      from = breaks.lastIndex;
      if (found[0] === '\r' && from === text.length) this.#skipsLineFeed = true;
      if (line.length > this.#maxLength) return undefined;
      this.#line(line, items);
      if (this.#length > this.#maxLength) return undefined;
    }
    this.#rest += text.slice(from);
    return this.#rest.length > this.#maxLength ? undefined : items;
  }

  #line(line: string, items: EventStreamItem[]): void {
    if (line === '') {
      this.#dispatch(items);
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const raw = colon === -1 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') {
      this.#data.push(value);
      this.#length += value.length + 1;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id') {
      if (!value.includes('\0')) this.#idSeen = value;
    } else if (field === 'retry' && /^\d{1,10}$/.test(value)) items.push({ type: 'retry', retryMs: Number(value) });
  }

  #dispatch(items: EventStreamItem[]): void {
    this.#lastEventId = this.#idSeen;
    const [event, data] = [this.#event === '' ? 'message' : this.#event, this.#data];
    this.#event = '';
    this.#data = [];
    this.#length = 0;
    // Without a data field there is no event, though its id counts.
    if (data.length === 0) return;
    items.push({ type: 'event', event: { event, data: data.join('\n'), lastEventId: this.#lastEventId } });
  }
}
