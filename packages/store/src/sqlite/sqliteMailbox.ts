import type { MailTable } from '../backend.ts';
import { mailConflict } from '../errors.ts';
import type { MailboxFigures } from '../mailbox.ts';
import type { MailRow } from '../rows.ts';
import { READ_SLICE } from './budget.ts';
import type { Database } from './database.ts';
import type { Writer } from './writer.ts';

const COLUMNS = 'id, number, kept_at AS keptAt, bytes, pieces, json';

export class SqliteMailbox implements MailTable {
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #now: () => number;

  constructor(database: Database, writer: Writer, now: () => number) {
    this.#database = database;
    this.#writer = writer;
    this.#now = now;
  }

  write(id: string, piece: number, bytes: Uint8Array): Promise<void> {
    const database = this.#database;
    return this.#writer.write(() => {
      const { byteLength } = bytes;
      const written =
        piece === 0
          ? database.get<{ number: number }>(
              `INSERT INTO mail (id, begun_at, bytes, pieces) VALUES (?, ?, ?, 1)
               ON CONFLICT (id) DO NOTHING RETURNING number`,
              id,
              this.#now(),
              byteLength,
            )
          : database.get<{ number: number }>(
              `UPDATE mail SET bytes = bytes + ?, pieces = pieces + 1
               WHERE id = ? AND kept_at IS NULL AND pieces = ? RETURNING number`,
              byteLength,
              id,
              piece,
            );
      if (written === undefined) throw mailConflict(id);
      database.run('INSERT INTO mail_pieces VALUES (?, ?, ?)', written.number, piece, bytes);
    });
  }

  keep(id: string, json: string): Promise<MailRow> {
    return this.#writer.write(() => {
      const kept = this.#database.get<MailRow>(
        `UPDATE mail SET kept_at = ?, json = ? WHERE id = ? AND kept_at IS NULL RETURNING ${COLUMNS}`,
        this.#now(),
        json,
        id,
      );
      if (kept === undefined) throw mailConflict(id);
      return kept;
    });
  }

  async isPending(id: string): Promise<boolean> {
    return this.#database.get('SELECT 1 FROM mail WHERE id = ? AND kept_at IS NULL', id) !== undefined;
  }

  async get(id: string): Promise<MailRow | undefined> {
    return this.#database.get(`SELECT ${COLUMNS} FROM mail WHERE id = ? AND kept_at IS NOT NULL`, id);
  }

  async read(id: string, piece: number): Promise<Uint8Array | undefined> {
    return this.#database.get<{ bytes: Uint8Array }>(
      `SELECT p.bytes FROM mail m JOIN mail_pieces p ON p.mail = m.number
       WHERE m.id = ? AND m.kept_at IS NOT NULL AND p.piece = ?`,
      id,
      piece,
    )?.bytes;
  }

  async list(before: number, limit: number): Promise<readonly MailRow[]> {
    return this.#database.all(
      `SELECT ${COLUMNS} FROM mail WHERE number < ? AND kept_at IS NOT NULL ORDER BY number DESC LIMIT ?`,
      before,
      limit,
    );
  }

  async figures(): Promise<MailboxFigures> {
    const row = this.#database.get<MailboxFigures>(
      `SELECT count(*) AS messages, coalesce(sum(bytes), 0) AS bytes, min(kept_at) AS oldestAt
       FROM mail INDEXED BY mail_kept WHERE kept_at IS NOT NULL`,
    );
    return { messages: 0, bytes: 0, oldestAt: null, ...row };
  }

  remove(id: string): Promise<boolean> {
    return this.#writer.write(() => this.#database.run('DELETE FROM mail WHERE id = ?', id) > 0);
  }

  purge(before: number): Promise<number> {
    return this.#removeEach('SELECT number FROM mail WHERE kept_at < ? LIMIT ?', before);
  }

  sweep(before: number): Promise<number> {
    return this.#removeEach('SELECT number FROM mail WHERE kept_at IS NULL AND begun_at < ? LIMIT ?', before);
  }

  /** One at a time: a text may be large. */
  async #removeEach(sql: string, before: number): Promise<number> {
    let count = 0;
    for (;;) {
      const found = this.#database.all<{ number: number }>(sql, before, READ_SLICE);
      for (const { number } of found) {
        count += await this.#writer.write(() => this.#database.run('DELETE FROM mail WHERE number = ?', number));
      }
      if (found.length < READ_SLICE) return count;
    }
  }
}
