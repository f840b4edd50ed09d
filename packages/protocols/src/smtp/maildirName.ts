/** What a name in a Maildir is made of. https://cr.yp.to/proto/maildir.html */
export interface MaildirNameParts {
  /** ms since 1970. */
  readonly now: number;
  readonly processId: number;
  /** Deliveries of this process so far. */
  readonly delivery: number;
  /** Unpredictable. */
  readonly random: Uint8Array;
  readonly hostname: string;
}

/** File systems have 255 bytes for a name, and the sizes and flags that are put behind it need some. */
const MAX_HOST_LENGTH = 64;

/**
 * A name that no other delivery has, for a file that is about to be written. Whatever the host is called it is one name:
 * what would part folders, flags or sizes stands in octal, and what no file name or shell should have is left out.
 */
export function maildirName({ now, processId, delivery, random, hostname }: MaildirNameParts): string {
  const [seconds, micros] = [Math.floor(now / 1_000), Math.floor((now % 1_000) * 1_000)];
  const host = hostname
    .replace(/[^\x21-\x7e]/g, '')
    .replaceAll('/', '\\057')
    .replaceAll(':', '\\072')
    .replaceAll(',', '\\054')
    .slice(0, MAX_HOST_LENGTH);
  return `${seconds}.M${micros}P${processId}Q${delivery}R${Buffer.from(random).toString('hex')}.${host}`;
}
