import { access, rm } from 'node:fs/promises';
import type { Scope } from '@roundhouse/core';
import type { Store } from '@roundhouse/store';
import type { MailSummary } from './summary.ts';

/** Where messages are kept: a Maildir, or the store. */
export interface Mailbox {
  /**
   * Takes a text down, durably, but not into the mailbox yet. `name`: unique. Leaves nothing when it rejects: with what the
   * text or whatever keeps it says, or the reason of the scope.
   */
  write(name: string, text: AsyncIterable<Uint8Array>, scope: Scope): Promise<PendingMessage>;
  /** What is in it. */
  figures(): Promise<{ readonly messages: number; readonly bytes: number }>;
  /** Removes what messages that were cut left behind long ago. */
  sweep(): Promise<void>;
}

/** A message that is kept, but in nobody's mailbox yet. */
interface PendingMessage {
  /** By which `PendingPlaces` find it as long as it is pending, in a later life too. */
  readonly place: string;
  /** What its file begins with; null when it has none. */
  readonly file: string | null;
  /** Puts it into the mailbox: all at once, and durable when it resolves. */
  commit(summary: MailSummary): Promise<void>;
  /** Removes it. Idempotent, and without effect behind `commit`. */
  discard(): Promise<void>;
}

/** Messages that an earlier life left pending. */
export interface PendingPlaces {
  /** Whether it is pending still: neither in the mailbox, nor was it ever. */
  isPending(place: string): Promise<boolean>;
  /** Removes one that is pending. */
  discard(place: string): Promise<void>;
}

/** What stands before the name of a message in the store; everything else is the path of a file. */
const IN_STORE = 'store:';

export function placeInStore(name: string): string {
  return `${IN_STORE}${name}`;
}

/** Whichever mailbox they were meant for: the configuration may have changed in between. */
export function pendingPlaces({ mailbox }: Pick<Store, 'mailbox'>): PendingPlaces {
  const nameOf = (place: string): string | undefined =>
    place.startsWith(IN_STORE) ? place.slice(IN_STORE.length) : undefined;
  return {
    isPending(place) {
      const name = nameOf(place);
      return name === undefined ? exists(place) : mailbox.isPending(name);
    },
    async discard(place) {
      const name = nameOf(place);
      if (name === undefined) await rm(place, { force: true });
      else if (await mailbox.isPending(name)) await mailbox.remove(name);
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
