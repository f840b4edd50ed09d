import type pg from 'pg';
import type { MailTable } from '../backend.ts';
import { mailConflict } from '../errors.ts';
import type { MailboxFigures } from '../mailbox.ts';
import type { MailRow } from '../rows.ts';
import { change, query } from './connection.ts';
import { type Batch, oneByOne, type Outcome, type Session, type Writer } from './writer.ts';

/** Messages that are looked for at once to be removed. */
const SLICE = 1_000;
const COLUMNS = 'id, number, kept_at AS "keptAt", bytes, pieces, json';

interface Piece {
  readonly id: string;
  readonly piece: number;
  readonly bytes: Uint8Array;
}

interface Summary {
  readonly id: string;
  readonly json: string;
}

export class PostgresMailbox implements MailTable {
  readonly #pool: pg.Pool;
  readonly #writer: Writer;

  constructor(pool: pg.Pool, writer: Writer) {
    this.#pool = pool;
    this.#writer = writer;
  }

  write(id: string, piece: number, bytes: Uint8Array): Promise<void> {
    return this.#writer.write(writeEach, { id, piece, bytes });
  }

  keep(id: string, json: string): Promise<MailRow> {
    return this.#writer.write(keepEach, { id, json });
  }

  async isPending(id: string): Promise<boolean> {
    return (await query(this.#pool, 'SELECT 1 FROM mail WHERE id = $1 AND kept_at IS NULL', [id])).length > 0;
  }

  async get(id: string): Promise<MailRow | undefined> {
    const text = `SELECT ${COLUMNS} FROM mail WHERE id = $1 AND kept_at IS NOT NULL`;
    return (await query<MailRow>(this.#pool, text, [id]))[0];
  }

  async read(id: string, piece: number): Promise<Uint8Array | undefined> {
    const [found] = await query<{ bytes: Uint8Array }>(
      this.#pool,
      `SELECT p.bytes FROM mail m JOIN mail_pieces p ON p.mail = m.number
       WHERE m.id = $1 AND m.kept_at IS NOT NULL AND p.piece = $2`,
      [id, piece],
    );
    return found && Uint8Array.from(found.bytes);
  }

  list(before: number, limit: number): Promise<readonly MailRow[]> {
    return query(
      this.#pool,
      `SELECT ${COLUMNS} FROM mail WHERE number < $1 AND kept_at IS NOT NULL ORDER BY number DESC LIMIT $2`,
      [before, limit],
    );
  }

  async figures(): Promise<MailboxFigures> {
    const [row] = await query<MailboxFigures>(
      this.#pool,
      `SELECT count(*) AS messages, coalesce(sum(bytes), 0)::bigint AS bytes, min(kept_at) AS "oldestAt"
       FROM mail WHERE kept_at IS NOT NULL`,
    );
    return row ?? { messages: 0, bytes: 0, oldestAt: null };
  }

  remove(id: string): Promise<boolean> {
    return this.#writer.write(removeEach, id);
  }

  purge(before: number): Promise<number> {
    return this.#removeEach('SELECT id FROM mail WHERE kept_at < $1 LIMIT $2', before);
  }

  sweep(before: number): Promise<number> {
    return this.#removeEach('SELECT id FROM mail WHERE kept_at IS NULL AND begun_at < $1 LIMIT $2', before);
  }

  /** One at a time: a text may be large. */
  async #removeEach(sql: string, before: number): Promise<number> {
    let count = 0;
    for (;;) {
      const found = await query<{ id: string }>(this.#pool, sql, [before, SLICE]);
      for (const { id } of found) if (await this.remove(id)) count += 1;
      if (found.length < SLICE) return count;
    }
  }
}

const writeEach: Batch<Piece, void> = async (session, inputs) => {
  const outcomes: Outcome<void>[] = [];
  for (const input of inputs) outcomes.push(await writePiece(session, input));
  return outcomes;
};

async function writePiece({ client, now }: Session, { id, piece, bytes }: Piece): Promise<Outcome<void>> {
  const [written] =
    piece === 0
      ? await query<{ number: number }>(
          client,
          `INSERT INTO mail (id, begun_at, bytes, pieces) VALUES ($1, $2, $3, 1)
           ON CONFLICT (id) DO NOTHING RETURNING number`,
          [id, now, bytes.byteLength],
        )
      : await query<{ number: number }>(
          client,
          `UPDATE mail SET bytes = bytes + $2, pieces = pieces + 1
           WHERE id = $1 AND kept_at IS NULL AND pieces = $3 RETURNING number`,
          [id, bytes.byteLength, piece],
        );
  if (written === undefined) return { refusal: mailConflict(id) };
  await change(client, 'INSERT INTO mail_pieces VALUES ($1, $2, $3)', [written.number, piece, bytes]);
  return { value: undefined };
}

const keepEach: Batch<Summary, MailRow> = async ({ client, now }, inputs) => {
  const outcomes: Outcome<MailRow>[] = [];
  for (const { id, json } of inputs) {
    const [kept] = await query<MailRow>(
      client,
      `UPDATE mail SET kept_at = $2, json = $3 WHERE id = $1 AND kept_at IS NULL RETURNING ${COLUMNS}`,
      [id, now, json],
    );
    outcomes.push(kept === undefined ? { refusal: mailConflict(id) } : { value: kept });
  }
  return outcomes;
};

const removeEach = oneByOne(
  async ({ client }: Session, id: string) => (await change(client, 'DELETE FROM mail WHERE id = $1', [id])) > 0,
);
