import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { openJournal } from '../journal/open.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { openIndex } from './open.ts';

/** `PROGRAM JOURNAL INDEX`: writes and indexes without end, to be killed; prints how far the index is. */
const [journalDirectory = '', directory = ''] = process.argv.slice(2);
const deps = { clock: systemClock, log: silentLogger };
const journal = await openJournal({ directory: journalDirectory }, deps);
const index = openIndex({ directory, delayMs: 1 }, { ...deps, journal });
const scope = createScope();
// The timers of the clock do not keep a process alive; whoever started this one holds the other end.
process.stdin.resume();
for (let n = 0; ; n++) {
  await Promise.all(
    Array.from({ length: 100 }, () =>
      journal.append(entryOf({ host: `host-${n % 7}`, details: { said: `word${n}` } })),
    ),
  );
  if (n % 5 === 0) await index.query({ limit: 1 }, scope);
  process.stdout.write(`${index.status().next_seq}\n`);
}
