import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import { type RandomBytes, textWithDigest } from '../record/digest.ts';
import { destroyKey } from '../record/vault.ts';
import type { SegmentCatalog } from '../segment/catalog.ts';
import type { Layout } from './layout.ts';

export interface PruningDependencies {
  readonly files: JournalFiles;
  readonly layout: Layout;
  readonly catalog: SegmentCatalog;
  readonly randomBytes: RandomBytes;
  /** How the file of a segment goes. Default: it is removed. */
  readonly discard?: (path: string) => Promise<void>;
}

/** A line of the file `pruned`: what was there, in the words of the header that follows it. */
export interface PrunedRange {
  readonly v: 1;
  readonly first_segment: number;
  readonly last_segment: number;
  readonly first_seq: number;
  readonly next_seq: number;
  /** Behind the last frame that was removed. */
  readonly chain: string;
  /** Of the tree over all records up to there. */
  readonly root: string;
  readonly time: string;
  /** Of the line, with zeros in its place. */
  readonly digest: string;
}

/** Removes the segments up to `segment`; what they were is durable before they go. Raises AUDIT_RANGE_INVALID, Node's errors. */
export async function prune(segment: number, time: string, deps: PruningDependencies): Promise<void> {
  const { files, layout, catalog, randomBytes, discard = (path) => files.remove(path) } = deps;
  const gone = catalog.all.filter(({ header }) => header.segment <= segment);
  const [first] = gone;
  if (first === undefined || catalog.all[gone.length]?.header.segment !== segment + 1) {
    throw invalid('the number of a closed segment');
  }
  // A line for each: whatever is gone when a crash stops this, one of them says it.
  const lines = catalog.all.slice(1, gone.length + 1).map(({ header: next }) => {
    const range: Omit<PrunedRange, 'digest'> = {
      v: 1,
      first_segment: first.header.segment,
      last_segment: next.segment - 1,
      first_seq: first.header.first_seq,
      next_seq: next.first_seq,
      chain: next.previous_chain,
      root: next.root,
      time,
    };
    return `${textWithDigest({ ...range })}\n`;
  });
  // What a crash has left of a line would make one with the next.
  const before = (await files.read(layout.pruned)) ?? Buffer.alloc(0);
  const whole = before.lastIndexOf('\n') + 1;
  if (whole < before.length) await files.truncate(layout.pruned, whole);
  const file = await files.append(layout.pruned, 'any');
  try {
    await file.write(Buffer.from(lines.join('')));
    await file.sync();
  } finally {
    await file.close();
  }
  catalog.remove(({ header }) => header.segment <= segment);
  for (const { header } of gone) {
    await destroyKey(layout.dataKey(header.segment), layout.directory, { files, randomBytes });
    await discard(layout.segment(header.segment));
    await files.remove(layout.leaves(header.segment));
  }
  await files.syncDirectory(layout.directory);
}

/** Destroys the key of a closed, sealed segment. Raises AUDIT_RANGE_INVALID, Node's errors. */
export async function eraseSegment(segment: number, deps: PruningDependencies): Promise<void> {
  const { catalog, layout } = deps;
  const info = catalog.all.find(({ header }) => header.segment === segment);
  if (info?.header.seal === undefined || info === catalog.all.at(-1)) {
    throw invalid('the number of a closed segment that is sealed');
  }
  catalog.forget(segment);
  await destroyKey(layout.dataKey(segment), layout.directory, deps);
}

function invalid(expected: string): Error {
  return auditError('AUDIT_RANGE_INVALID', { details: { argument: 'segment', expected } });
}
