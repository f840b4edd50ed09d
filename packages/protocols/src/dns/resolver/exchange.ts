import type { Scope } from '@roundhouse/core';
import type { DecodedMessage } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';

/** A way to ask one name server. */
export interface Exchange {
  /**
   * Rejects with a NetError of the network, PROTOCOL_VIOLATION, or the reason of the scope. `onSent` is called when the
   * question is on its way.
   */
  ask(name: string, type: QuestionType, hasEdns: boolean, scope: Scope, onSent: () => void): Promise<DecodedMessage>;
  /** Ends what it holds open. Idempotent. */
  close(): void;
}
