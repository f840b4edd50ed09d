import type { JsonObject } from './store.ts';

/** A past fact in the order in which all of them happened. */
export interface LoggedEvent {
  /** 1 for the first event ever; no gaps. */
  readonly sequence: number;
  /** ms since 1970. */
  readonly at: number;
  readonly type: string;
  readonly subject: string;
  /** The whole event, as watchers get it. */
  readonly body: JsonObject;
}

export interface EventQuery {
  /** Sequence that the answer begins behind. */
  readonly after: number;
  /** 1 … 1,000. */
  readonly limit: number;
}

export interface EventRange {
  /** Sequence of the oldest event that is kept; `last + 1` when none is. */
  readonly first: number;
  /** Sequence of the newest event ever appended; 0 before the first. */
  readonly last: number;
}

/** Events, numbered by their one writer, kept until they are trimmed. */
export interface EventLog {
  /** Raises EVENT_SEQUENCE_CONFLICT (nothing is written) unless the sequences go on behind the last without a gap. */
  append(events: readonly LoggedEvent[]): Promise<void>;
  read(query: EventQuery): Promise<readonly LoggedEvent[]>;
  range(): Promise<EventRange>;
  /** Forgets events up to a sequence; returns how many. */
  trim(upTo: number): Promise<number>;
}
