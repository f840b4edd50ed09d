import type { Clock, Scope } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import { type Mailbox, placeInStore } from './mailbox.ts';

/** A text is written in pieces of so much: what a message takes of the memory. */
const PIECE_BYTES = 65_536;
/**
 * What is pending for longer is removed. Servers may share a store: one that was killed, and is back within this time, still
 * finds what it had begun, and knows by that what it has not taken.
 */
const STALE_MS = 7 * 86_400_000;

/** A mailbox in the store. */
export function storeMailbox({ mailbox }: Pick<Store, 'mailbox'>, clock: Clock): Mailbox {
  return {
    async write(name, text, scope) {
      try {
        let piece = 0;
        for await (const bytes of piecesOf(text, scope)) await mailbox.write(name, piece++, bytes);
        scope.throwIfEnded();
      } catch (error) {
        // Where this fails too the sweep removes it.
        await mailbox.remove(name).catch(() => {});
        throw error;
      }
      let isDone = false;
      return {
        place: placeInStore(name),
        file: null,
        async commit(summary) {
          await mailbox.keep(name, { ...summary });
          isDone = true;
        },
        async discard() {
          // A `keep` that seemed to fail may have happened.
          if (!isDone) await mailbox.remove(name);
        },
      };
    },
    figures: () => mailbox.figures(),
    sweep: async () => void (await mailbox.sweep(clock.now() - STALE_MS)),
  };
}

/** The same bytes, in pieces of one size. */
async function* piecesOf(text: AsyncIterable<Uint8Array>, scope: Scope): AsyncGenerator<Uint8Array> {
  const held = Buffer.alloc(PIECE_BYTES);
  let length = 0;
  for await (const chunk of text) {
    scope.throwIfEnded();
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - length);
      held.set(part, length);
      length += part.byteLength;
      at += part.byteLength;
      if (length < PIECE_BYTES) continue;
      yield held;
      length = 0;
    }
  }
  if (length > 0) yield held.subarray(0, length);
}
