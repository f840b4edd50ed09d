import { type Channel, channel } from 'node:diagnostics_channel';
import type { Sent } from '../errors.ts';

export type Role = 'client' | 'server';

/** Who does it; `protocol` is the id of the protocol, e.g. `smtp`. */
export interface Subject {
  readonly protocol: string;
  readonly role: Role;
  /** `host:port` of the other side. Not for a label of a metric. */
  readonly peer: string;
}

/** What happens on a connection, of whatever protocol: a past fact. */
export type NetEvent =
  | { readonly type: 'connectionOpened'; readonly elapsedMs: number }
  /** `code` is that of the failure; null for an end that was meant. */
  | { readonly type: 'connectionClosed'; readonly code: string | null; readonly openMs: number }
  /** It never came to stand. */
  | { readonly type: 'connectionFailed'; readonly code: string; readonly phase: string | null }
  | { readonly type: 'operationStarted'; readonly operation: string }
  | {
      readonly type: 'operationEnded';
      readonly operation: string;
      readonly code: string | null;
      readonly phase: string | null;
      readonly sent: Sent;
      readonly elapsedMs: number;
    };

export type NetFact = Subject & NetEvent;

/** Receives every fact, at once; metrics and logs are made of them. What it throws is reported and changes nothing. */
export interface NetObserver {
  observe(fact: NetFact): void;
}

/** Of each protocol; a channel lives as long as the process. */
const channels = new Map<string, Channel>();

/** Passes facts to whoever subscribes to the diagnostics channel `roundhouse.net.<protocol>`. */
export const diagnosticsObserver: NetObserver = {
  observe(fact) {
    let told = channels.get(fact.protocol);
    if (told === undefined) {
      told = channel(`roundhouse.net.${fact.protocol}`);
      channels.set(fact.protocol, told);
    }
    if (told.hasSubscribers) told.publish(fact);
  },
};

/** Tells each fact to all of them. */
export function observers(...all: readonly NetObserver[]): NetObserver {
  return {
    observe(fact) {
      for (const each of all) each.observe(fact);
    },
  };
}
