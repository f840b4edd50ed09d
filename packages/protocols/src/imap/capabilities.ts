import type { ImapValue } from './response.ts';

/** What a server says it can, in capitals: `IDLE`, `AUTH=PLAIN` … */
export type ImapCapabilities = ReadonlySet<string>;

const MAX_CAPABILITIES = 1_000;

export function capabilitiesOf(words: readonly ImapValue[]): ImapCapabilities {
  const names = words.filter((word) => typeof word === 'string').slice(0, MAX_CAPABILITIES);
  return new Set(names.map((name) => name.toUpperCase()));
}

/** Most bytes of a literal that this server takes unasked. RFC 7888 §4, §5 */
export function unaskedBytesOf(capabilities: ImapCapabilities): number {
  // However much it would take, it is asked before much is sent: it may say no.
  if (capabilities.has('LITERAL+')) return 65_536;
  return capabilities.has('LITERAL-') || capabilities.has('IMAP4REV2') ? 4_096 : 0;
}

/** Whether names of mailboxes go as they are, and not in the form of IMAP4rev1. RFC 9051 §5.1, appendix A */
export function hasPlainNames(capabilities: ImapCapabilities): boolean {
  return capabilities.has('IMAP4REV2') && !capabilities.has('IMAP4REV1');
}
