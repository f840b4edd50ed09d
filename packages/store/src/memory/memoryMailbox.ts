import type { MailTable } from '../backend.ts';
import { mailConflict } from '../errors.ts';
import type { MailboxFigures } from '../mailbox.ts';
import type { MailRow } from '../rows.ts';

interface Message {
  readonly number: number;
  readonly begunAt: number;
  readonly pieces: Uint8Array[];
  /** Once it is in the mailbox. */
  row: MailRow | undefined;
}

export class MemoryMailbox implements MailTable {
  readonly #now: () => number;
  readonly #messages = new Map<string, Message>();
  #lastNumber = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async write(id: string, piece: number, bytes: Uint8Array): Promise<void> {
    const found = this.#messages.get(id);
    if (found?.row !== undefined || piece !== (found?.pieces.length ?? 0)) throw mailConflict(id);
    if (found !== undefined) {
      found.pieces.push(bytes);
      return;
    }
    this.#lastNumber += 1;
    this.#messages.set(id, { number: this.#lastNumber, begunAt: this.#now(), pieces: [bytes], row: undefined });
  }

  async keep(id: string, json: string): Promise<MailRow> {
    const found = this.#messages.get(id);
    if (found === undefined || found.row !== undefined) throw mailConflict(id);
    const { number } = found;
    const bytes = found.pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    found.row = { id, number, keptAt: this.#now(), bytes, pieces: found.pieces.length, json };
    return found.row;
  }

  async isPending(id: string): Promise<boolean> {
    const found = this.#messages.get(id);
    return found !== undefined && found.row === undefined;
  }

  async get(id: string): Promise<MailRow | undefined> {
    return this.#messages.get(id)?.row;
  }

  async read(id: string, piece: number): Promise<Uint8Array | undefined> {
    const found = this.#messages.get(id);
    const bytes = found?.row && found.pieces[piece];
    return bytes && Uint8Array.from(bytes);
  }

  async list(before: number, limit: number): Promise<readonly MailRow[]> {
    return this.#kept()
      .filter(({ number }) => number < before)
      .sort((a, b) => b.number - a.number)
      .slice(0, limit);
  }

  async figures(): Promise<MailboxFigures> {
    const kept = this.#kept();
    return {
      messages: kept.length,
      bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0),
      oldestAt: kept.reduce<number | null>((oldest, { keptAt }) => Math.min(oldest ?? Infinity, keptAt), null),
    };
  }

  async remove(id: string): Promise<boolean> {
    return this.#messages.delete(id);
  }

  async purge(before: number): Promise<number> {
    return this.#removeWhere(({ row }) => row !== undefined && row.keptAt < before);
  }

  async sweep(before: number): Promise<number> {
    return this.#removeWhere(({ row, begunAt }) => row === undefined && begunAt < before);
  }

  #kept(): MailRow[] {
    return [...this.#messages.values()].flatMap(({ row }) => row ?? []);
  }

  #removeWhere(holds: (message: Message) => boolean): number {
    const ids = [...this.#messages].filter(([, message]) => holds(message)).map(([id]) => id);
    for (const id of ids) this.#messages.delete(id);
    return ids.length;
  }
}
