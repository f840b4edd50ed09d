import type { IncomingMessage, SmtpPeer } from '@roundhouse/protocols/smtp';
import { parseAddress } from '@roundhouse/net';

/** What an event tells of a message: never its body. Texts of strangers, in one line and cut. */
export interface MailSummary {
  /** Of the envelope; empty for a report about a delivery. */
  readonly from: string;
  /** Of the envelope. */
  readonly to: readonly string[];
  /** Of the headers, as they claim; null where there is none, or none that can be read. */
  readonly header_from: string | null;
  readonly subject: string | null;
  readonly message_id: string | null;
  /** As it came. */
  readonly bytes: number;
  /** Who sent it here. */
  readonly address: string;
  readonly tls: boolean;
  /** What its file in the Maildir begins with; null where there is none. */
  readonly file: string | null;
}

/** Headers beyond this are not read for the event. */
const MAX_HEAD_BYTES = 65_536;
const MAX_TEXT = 320;
const CR = 0x0d;
const LF = 0x0a;
/** Controls, and marks that turn the direction of writing: none of them may play tricks on a reader. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Looks on while a message passes: keeps its headers, and counts. */
export class HeadReader {
  #head = Buffer.alloc(0);
  #isWhole = false;
  #bytes = 0;

  /** Bytes that have passed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The headers, as far as they are read. */
  get head(): Uint8Array {
    return this.#head;
  }

  async *through(text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of text) {
      this.#bytes += chunk.byteLength;
      if (!this.#isWhole) this.#keep(chunk);
      yield chunk;
    }
  }

  #keep(chunk: Uint8Array): void {
    const from = Math.max(0, this.#head.length - 3);
    this.#head = Buffer.concat([this.#head, chunk]).subarray(0, MAX_HEAD_BYTES);
    const end = this.#head.indexOf(Buffer.from([CR, LF, CR, LF]), from);
    if (end !== -1) this.#head = this.#head.subarray(0, end + 4);
    this.#isWhole = end !== -1 || this.#head.length === MAX_HEAD_BYTES;
  }
}

/** What there is to tell of a message. */
export async function summaryOf(
  { sender, recipients }: Pick<IncomingMessage, 'sender' | 'recipients'>,
  { peer, tls }: Pick<SmtpPeer, 'peer' | 'tls'>,
  { head, bytes }: Pick<HeadReader, 'head' | 'bytes'>,
  file: string | null,
): Promise<MailSummary> {
  return {
    from: clean(sender.address),
    to: recipients.map(({ address }) => clean(address)),
    ...(await headersOf(head)),
    bytes,
    address: parseAddress(peer, 0).host,
    tls: tls !== null,
    file,
  };
}

async function headersOf(head: Uint8Array): Promise<Pick<MailSummary, 'header_from' | 'subject' | 'message_id'>> {
  const { parseMessage } = await import('@roundhouse/protocols/mime');
  try {
    const { from, subject, messageId } = await parseMessage(head);
    return {
      header_from: from === null ? null : clean(from.address),
      subject: clean(subject),
      message_id: messageId === null ? null : clean(messageId),
    };
  } catch {
    // Mail is taken all the same: what its headers claim decides nothing.
    return { header_from: null, subject: null, message_id: null };
  }
}

function clean(text: string): string {
  return text.slice(0, MAX_TEXT).replace(UNSAFE, ' ');
}
