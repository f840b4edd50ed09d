import type { ImapValue } from './response.ts';
import { listOf, textOf, unexpected } from './value.ts';

export interface ImapAddress {
  /** As it stands in the header; `decodeWords` of MIME reads encoded words. */
  readonly name: string | null;
  /** `anna@example.com` */
  readonly address: string;
}

/** What the headers of a message say, as they say it; `decodeWords` of MIME reads encoded words. RFC 9051 §7.5.2 */
export interface ImapEnvelope {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly ImapAddress[];
  readonly sender: readonly ImapAddress[];
  readonly replyTo: readonly ImapAddress[];
  readonly to: readonly ImapAddress[];
  readonly cc: readonly ImapAddress[];
  readonly bcc: readonly ImapAddress[];
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

const WHAT = 'ENVELOPE';

export function envelopeOf(value: ImapValue): ImapEnvelope {
  const fields = listOf(value, WHAT);
  if (fields.length < 10) throw unexpected(WHAT);
  const text = (at: number): string | null => textOf(fields[at], WHAT);
  const addresses = (at: number): ImapAddress[] => listOf(fields[at], WHAT).flatMap(addressOf);
  return {
    date: text(0),
    subject: text(1),
    from: addresses(2),
    sender: addresses(3),
    replyTo: addresses(4),
    to: addresses(5),
    cc: addresses(6),
    bcc: addresses(7),
    inReplyTo: text(8),
    messageId: text(9),
  };
}

/** The beginning and the end of a group have no host: its members stand without its name. */
function addressOf(value: ImapValue): ImapAddress[] {
  const [name, , mailbox, host] = listOf(value, WHAT);
  const domain = textOf(host, WHAT);
  return domain === null ? [] : [{ name: textOf(name, WHAT), address: `${textOf(mailbox, WHAT) ?? ''}@${domain}` }];
}
