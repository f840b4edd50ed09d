import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Maildir } from '@roundhouse/protocols/smtp';
import type { Mailbox } from './mailbox.ts';

/** A mailbox of files that other programs read, and clear. */
export function maildirMailbox(maildir: Maildir): Mailbox {
  return {
    async write(_name, text, scope) {
      const pending = await maildir.write(text, scope);
      return {
        place: pending.path,
        file: basename(pending.path),
        commit: async () => void (await pending.commit()),
        discard: () => pending.discard(),
      };
    },
    async figures() {
      const names = await Promise.all(['new', 'cur'].map((folder) => readdir(join(maildir.directory, folder))));
      const files = names.flat();
      return { messages: files.length, bytes: files.reduce((sum, name) => sum + bytesOf(name), 0) };
    },
    sweep: async () => void (await maildir.sweep()),
  };
}

/** Of a file, as its name says; one that another program has named anew may say nothing. */
function bytesOf(name: string): number {
  return Number(/,S=(\d{1,15})/.exec(name)?.[1] ?? 0);
}
