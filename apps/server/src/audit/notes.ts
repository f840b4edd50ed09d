import type { SubmittedInput } from '@roundhouse/sessions';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What is kept of a request until its record is made. */
export interface RequestNotes {
  /** Whether it was told when it came: then its end is told whatever it is. */
  isReceived: boolean;
  /** Code of the error that it is answered with. */
  code: string | undefined;
  /** What it has sent to hosts; undefined for nothing. */
  submitted: SubmittedInput[] | undefined;
  /** Stands for all that it shows, where showing the same again tells nothing new. */
  shown: string | undefined;
  /** Keeps the record of one whose answer is a stream; undefined where that is not recorded. */
  readonly tellStream: ((request: FastifyRequest) => void) | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Null for a request that is not recorded. A property, because a weak map of what lives as short as a request costs
     * the collector more than the request does.
     */
    auditNotes: RequestNotes | null;
  }
}

/** Makes room for notes in each request. */
export function provideNotes(app: FastifyInstance): void {
  app.decorateRequest('auditNotes', null);
}

/** Begins to keep notes of a request. */
export function keepNotes(request: FastifyRequest, tellStream?: RequestNotes['tellStream']): RequestNotes {
  const notes = { isReceived: false, code: undefined, submitted: undefined, shown: undefined, tellStream };
  request.auditNotes = notes;
  return notes;
}

/** Tells that the answer is a stream, which no hook sees: it is on record when it begins. */
export function noteStream(request: FastifyRequest): void {
  request.auditNotes?.tellStream?.(request);
}

/** Keeps what a request sends to a host for its record. */
export function noteSubmitted({ auditNotes }: FastifyRequest, input: SubmittedInput | undefined): void {
  if (input === undefined || auditNotes === null) return;
  auditNotes.submitted ??= [];
  auditNotes.submitted.push(input);
}

/** Tells what a request shows: as long as the same principal is shown the same, that is recorded once a minute. */
export function noteShown({ auditNotes }: FastifyRequest, content: string): void {
  if (auditNotes !== null) auditNotes.shown = content;
}
