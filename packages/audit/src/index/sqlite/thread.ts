import { parentPort, workerData } from 'node:worker_threads';
import { IndexDatabase, isCorrupt, removeIndex } from './database.ts';
import type { Answer, Call, ThreadData } from './calls.ts';

/** The thread that has the file of an index: everything that blocks is here. */
const { directory, journal, role, resumesAt } = workerData as ThreadData;
let database: IndexDatabase | undefined;

/** The file is another than the one that was left. */
class IndexLost extends Error {}

parentPort?.on('message', (call: Call) => {
  let answer: Answer;
  try {
    answer = { id: call.id, value: valueOf(call) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    answer = { id: call.id, failure: { isCorrupt: isCorrupt(error) || error instanceof IndexLost, reason } };
  }
  parentPort?.postMessage(answer);
});

function valueOf(call: Call): unknown {
  switch (call.what) {
    case 'open':
      return open();
    case 'reset':
      close();
      removeIndex(directory);
      return open();
    case 'add':
      opened().add(call.records, call.nextSeq);
      return opened().bytes;
    case 'find':
      if (role === 'reader' && database === undefined) open();
      return opened().find(call.find, call.isWhole);
    case 'forget':
      return opened().forget(call.from, call.to);
    case 'purge':
      return opened().purge(call.isFirst);
    case 'close':
      return close();
  }
}

function open(): unknown {
  if (role === 'reader') {
    database = IndexDatabase.reader(directory);
    return undefined;
  }
  const { database: writer, opened: found } = IndexDatabase.open(directory, journal);
  database = writer;
  return { ...found, bytes: writer.bytes };
}

function opened(): IndexDatabase {
  if (database === undefined && resumesAt !== undefined) resume(resumesAt);
  if (database === undefined) throw new Error('the index is not open');
  return database;
}

/** The file must be as it was left: whatever somebody did to it meanwhile, it is made anew. */
function resume(at: number): void {
  const { database: writer, opened: found } = IndexDatabase.open(directory, journal);
  if (found.nextSeq !== at) {
    writer.close();
    throw new IndexLost(`it goes up to ${found.nextSeq} instead of ${at}`);
  }
  database = writer;
}

function close(): void {
  database?.close();
  database = undefined;
}
