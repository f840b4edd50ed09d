import type { KnownSegment } from './inventory.ts';
import type { ArchiveManifest } from './archive.ts';

/** What was destroyed, when and how: for whoever has to show that it was. */
export interface ErasureCertificate {
  readonly v: 1;
  readonly format: 'roundhouse-audit-erasure';
  readonly journal: string;
  readonly kind: 'segment' | 'archive';
  readonly segment: number;
  readonly first_seq: number;
  readonly next_seq: number;
  /** Of the tree behind the segment: what is erased still stands in every proof. */
  readonly root: string;
  /** SHA-256 of the destroyed key, which is random: it tells which key it was. */
  readonly key_id: string;
  readonly cipher: string;
  readonly method: 'cryptographic erase';
  readonly standard: 'NIST SP 800-88 Rev. 2';
  /** RFC 3339. */
  readonly time: string;
  /** `erased`: the key was destroyed then. `found`: it was found to be gone then. */
  readonly time_of: 'erased' | 'found';
  readonly by: string;
  /** Id of the record in the journal. */
  readonly record?: string;
  /** What it does not say. */
  readonly limits: string;
}

const LIMITS =
  'Holds for copies of the key as far as they are destroyed too: backups, snapshots, and what a flash disk or a file system with copy-on-write keeps. What may be left there is wrapped by the key ring.';

export type ErasedFacts = Omit<ErasureCertificate, 'v' | 'format' | 'method' | 'standard' | 'limits' | 'record'>;

export function certificateOf(facts: ErasedFacts, record?: string): ErasureCertificate {
  return {
    v: 1,
    format: 'roundhouse-audit-erasure',
    method: 'cryptographic erase',
    standard: 'NIST SP 800-88 Rev. 2',
    ...facts,
    ...(record !== undefined && { record }),
    limits: LIMITS,
  };
}

type Erased = Pick<
  ErasedFacts,
  'journal' | 'kind' | 'segment' | 'first_seq' | 'next_seq' | 'root' | 'key_id' | 'cipher'
>;

export function erasedSegment({ header, summary }: KnownSegment, root: string): Erased {
  const { journal, segment, first_seq, seal } = header;
  const next_seq = first_seq + summary.records;
  const key = { key_id: seal?.key_digest ?? '', cipher: seal?.cipher ?? '' };
  return { journal, kind: 'segment', segment, first_seq, next_seq, root, ...key };
}

export function erasedArchive({ journal, segment, first_seq, next_seq, root, seal }: ArchiveManifest): Erased {
  const key = { key_id: seal?.key_id ?? '', cipher: seal?.cipher ?? '' };
  return { journal, kind: 'archive', segment, first_seq, next_seq, root, ...key };
}
