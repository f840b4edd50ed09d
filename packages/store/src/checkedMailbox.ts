import type { MailTable } from './backend.ts';
import * as check from './check.ts';
import type { Gate } from './gate.ts';
import type { Mailbox } from './mailbox.ts';
import { toMail } from './rows.ts';

const MAX_PAGE = 1_000;
/** Of one message. */
const MAX_PIECES = 65_536;
const MAX_PIECE_BYTES = 1_048_576;

export function checkedMailbox(table: MailTable, gate: Gate): Mailbox {
  return {
    write: (id, piece, bytes) =>
      gate.enter(() => {
        check.text('id', id);
        check.whole('piece', piece, 0, MAX_PIECES - 1);
        check.whole('bytes', bytes.byteLength, 1, MAX_PIECE_BYTES);
        // A copy: it may wait for its turn, and the caller may use its own again.
        return table.write(id, piece, Uint8Array.from(bytes));
      }),
    keep: (id, summary) =>
      gate.enter(async () => toMail(await table.keep(check.text('id', id), check.json('summary', summary)))),
    isPending: (id) => gate.enter(() => table.isPending(check.text('id', id))),
    get: (id) =>
      gate.enter(async () => {
        const row = await table.get(check.text('id', id));
        return row === undefined ? undefined : toMail(row);
      }),
    read: (id, piece) => gate.enter(() => table.read(check.text('id', id), check.whole('piece', piece, 0))),
    list: ({ before = Number.MAX_SAFE_INTEGER, limit }) =>
      gate.enter(async () => {
        check.whole('before', before, 1);
        return (await table.list(before, check.whole('limit', limit, 1, MAX_PAGE))).map(toMail);
      }),
    figures: () => gate.enter(() => table.figures()),
    remove: (id) => gate.enter(() => table.remove(check.text('id', id))),
    purge: (before) => gate.enter(() => table.purge(check.milliseconds('before', before))),
    sweep: (before) => gate.enter(() => table.sweep(check.milliseconds('before', before))),
  };
}
