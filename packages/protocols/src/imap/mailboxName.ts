/**
 * Names of mailboxes in the form that IMAP4rev1 has on the wire: UTF-16 in a base64 of its own between & and -. RFC 3501
 * §5.1.3
 */
export function encodeMailboxName(name: string): string {
  return name.replace(/&|[^ -~]+/g, (part) => {
    if (part === '&') return '&-';
    const bytes = Buffer.from(part, 'utf16le').swap16();
    return `&${bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

/** The name that people see. What is not of that form stays as it is, so that every mailbox has a name. */
export function decodeMailboxName(encoded: string): string {
  const decoded = encoded.replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) => {
    if (base64 === '') return '&';
    const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    return bytes.byteLength % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : whole;
  });
  // Two forms of one name would be two names of one mailbox: only what comes out the same again is taken.
  return encodeMailboxName(decoded) === encoded ? decoded : encoded;
}
