/** Name and value together, bytes: more is no cookie (RFC 6265bis §5.6). */
const MAX_PAIR_BYTES = 4_096;
const PREFIX = /^__(secure|host)-/i;

/**
 * Whether a line of Set-Cookie may go into a jar. Beside what a jar knows itself: the prefixes `__Secure-` and `__Host-`
 * hold in any letters (RFC 6265bis §5.7), since servers compare names without regard to case.
 */
export function isAcceptable(line: string): boolean {
  const [pair = '', ...rest] = line.split(';');
  if (Buffer.byteLength(pair.replace('=', '')) > MAX_PAIR_BYTES) return false;
  const prefix = PREFIX.exec(pair.trimStart())?.[1]?.toLowerCase();
  if (prefix === undefined) return true;
  const attributes = new Map(
    rest.map((attribute) => {
      const [name = '', ...value] = attribute.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()] as const;
    }),
  );
  if (!attributes.has('secure')) return false;
  return prefix === 'secure' || (attributes.get('path') === '/' && !attributes.has('domain'));
}
