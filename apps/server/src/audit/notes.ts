import type { SubmittedInput } from '@roundhouse/sessions';
import type { FastifyRequest } from 'fastify';

/** What is kept of a request that is recorded, until its record is made. */
export interface RequestNotes {
  /** Whether it was told when it came: then its end is told whatever it is. */
  isReceived: boolean;
  /** Code of the error that it is answered with. */
  code: string | undefined;
  /** What it has sent to hosts. */
  readonly submitted: SubmittedInput[];
  /** Stands for all that it shows, where showing the same again tells nothing new. */
  shown: string | undefined;
  /** Keeps the record of one whose answer is a stream. */
  readonly tellStream: () => void;
}

const kept = new WeakMap<FastifyRequest, RequestNotes>();

/** Begins to keep notes of a request. */
export function keepNotes(request: FastifyRequest, tellStream: () => void): RequestNotes {
  const notes = { isReceived: false, code: undefined, submitted: [], shown: undefined, tellStream };
  kept.set(request, notes);
  return notes;
}

/** Undefined for a request that is not recorded. */
export function notesOf(request: FastifyRequest): RequestNotes | undefined {
  return kept.get(request);
}

/** Tells that the answer is a stream, which no hook sees: it is on record when it begins. */
export function noteStream(request: FastifyRequest): void {
  kept.get(request)?.tellStream();
}

/** Keeps what a request sends to a host for its record. */
export function noteSubmitted(request: FastifyRequest, input: SubmittedInput | undefined): void {
  if (input !== undefined) kept.get(request)?.submitted.push(input);
}

/** Tells what a request shows: as long as the same principal is shown the same, that is recorded once a minute. */
export function noteShown(request: FastifyRequest, content: string): void {
  const notes = kept.get(request);
  if (notes !== undefined) notes.shown = content;
}
