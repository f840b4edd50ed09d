import { createScope } from '@roundhouse/core';
import type {
  AuditCheckpoint,
  AuditConsistencyProof,
  AuditExportQuery,
  AuditInclusionProof,
  AuditList,
  AuditQuery,
  AuditRecordResource,
  AuditRetention,
  AuditStatus,
} from '../audit.ts';
import type { AuditReview, AuditReviewInput, AuditVerification } from '../auditReview.ts';
import { type Route, ROUTES } from '../routes.ts';
import { EventStreamParser } from './eventStream.ts';
import type { HttpConnection } from './http.ts';

/** What is asked of the audit journal. */
export interface AuditCalls {
  query(query?: Omit<AuditQuery, 'follow' | 'after'>, signal?: AbortSignal): Promise<AuditList>;
  /** Records as they are kept, from behind `after` on; ends with the signal. A lost connection is raised. */
  follow(
    query?: Omit<AuditQuery, 'follow' | 'limit' | 'cursor' | 'order'>,
    signal?: AbortSignal,
  ): AsyncIterable<AuditRecordResource>;
  /** The bytes as they come, of any length. An export that was cut off is raised. */
  export(query?: AuditExportQuery, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  status(signal?: AbortSignal): Promise<AuditStatus>;
  proof(seq: number, signal?: AbortSignal): Promise<AuditInclusionProof>;
  consistency(from: number, to: number, signal?: AbortSignal): Promise<AuditConsistencyProof>;
  /** The last that was signed. */
  checkpoint(signal?: AbortSignal): Promise<AuditCheckpoint>;
  takeCheckpoint(signal?: AbortSignal): Promise<AuditCheckpoint>;
  /** Gives how it is when that has begun. */
  rebuild(signal?: AbortSignal): Promise<AuditStatus>;
  /** What was found, and who reviewed last. */
  review(signal?: AbortSignal): Promise<AuditReview>;
  giveReview(review: AuditReviewInput, signal?: AbortSignal): Promise<AuditReview>;
  /** What the last verification by the server came to. */
  verification(signal?: AbortSignal): Promise<AuditVerification>;
  /** Gives what it came to when it is done. */
  verify(signal?: AbortSignal): Promise<AuditVerification>;
  /** What retention would do now. */
  retention(signal?: AbortSignal): Promise<AuditRetention>;
  runRetention(signal?: AbortSignal): Promise<AuditRetention>;
}

/** A record has 64 KiB at most, and six characters for each at worst. */
const MAX_RECORD_LENGTH = 1_048_576;

export function createAuditCalls(http: HttpConnection): AuditCalls {
  return {
    // Of the answers of the route the page is the one that comes.
    query: (query = {}, signal) =>
      http.json(ROUTES.queryAudit as Route, { query: { ...query }, signal }) as Promise<AuditList>,
    follow: (query = {}, signal) => followAudit(http, query, signal),
    export: (query = {}, signal) => http.stream(ROUTES.exportAudit, { query: { ...query }, signal }),
    status: (signal) => http.json(ROUTES.getAuditStatus, { signal }),
    proof: (seq, signal) => http.json(ROUTES.getAuditProof, { params: { seq: String(seq) }, signal }),
    consistency: (from, to, signal) => http.json(ROUTES.getAuditConsistency, { query: { from, to }, signal }),
    checkpoint: (signal) => http.json(ROUTES.getAuditCheckpoint, { signal }),
    takeCheckpoint: (signal) => http.json(ROUTES.takeAuditCheckpoint, { signal }),
    retention: (signal) => http.json(ROUTES.getAuditRetention, { signal }),
    runRetention: (signal) => http.json(ROUTES.runAuditRetention, { signal }),
    review: (signal) => http.json(ROUTES.getAuditReview, { signal }),
    giveReview: (review, signal) => http.json(ROUTES.giveAuditReview, { body: review, signal }),
    verification: (signal) => http.json(ROUTES.getAuditVerification, { signal }),
    verify: (signal) => http.json(ROUTES.verifyAudit, { signal }),
    rebuild: (signal) => http.json(ROUTES.rebuildAuditIndex, { signal }),
  };
}

async function* followAudit(
  http: HttpConnection,
  query: AuditQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<AuditRecordResource, void, void> {
  using scope = createScope({ clock: http.clock, ...(signal === undefined ? {} : { signal }) });
  const parser = new EventStreamParser();
  try {
    const call = { query: { ...query, follow: true }, signal: scope.signal };
    for await (const bytes of await http.stream(ROUTES.queryAudit, call)) {
      for (const data of parser.push(bytes)) yield recordOf(data, http);
      if (parser.buffered > MAX_RECORD_LENGTH) {
        throw http.invalid(`a record has more than ${MAX_RECORD_LENGTH} characters`);
      }
    }
  } catch (error) {
    if (!scope.signal.aborted) throw error;
  }
}

function recordOf(text: string, http: HttpConnection): AuditRecordResource {
  try {
    return JSON.parse(text) as AuditRecordResource;
  } catch (cause) {
    throw http.invalid('a record is not JSON', cause);
  }
}
