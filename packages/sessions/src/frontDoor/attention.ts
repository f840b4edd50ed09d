import type { Scope } from '@roundhouse/core';
import { decodeInbound, type InboundRecord, type RawTerminal } from '@roundhouse/tn3270/host';

export type Attention = Extract<InboundRecord, { kind: 'attention' }>;

/** The next attention key of the terminal; anything else that it sends is passed over. Rejects with the scope's reason. */
export function nextAttention(terminal: RawTerminal, scope: Scope): Promise<Attention> {
  return new Promise((resolve, reject) => {
    const leave = scope.onEnd(reject);
    terminal.handle({
      record: (_dataType, body) => {
        // Borrowed, and read after this returns.
        const record = decodeInbound(body.slice());
        if (record.kind !== 'attention') return;
        leave();
        terminal.handle(DEAF);
        resolve(record);
      },
      attention() {},
      systemRequest() {},
      drained() {},
    });
  });
}

const DEAF = { record() {}, attention() {}, systemRequest() {}, drained() {} };
