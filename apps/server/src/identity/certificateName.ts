/**
 * One spelling for each name of a certificate: `DNS:` and a domain in lower case, `SHA256:` and a fingerprint in upper
 * case with colons, other types of subject alternative names as they are. A name without a type is a domain.
 */
export function canonicalCertificateName(name: string): string {
  const [, rawType = 'DNS', value = ''] = /^(?:([A-Za-z][A-Za-z0-9 ]*):)?(.*)$/s.exec(name.trim()) ?? [];
  const type = TYPES[rawType.toLowerCase()] ?? rawType;
  if (type === 'SHA256') return `SHA256:${fingerprint(value)}`;
  return `${type}:${type === 'DNS' ? value.toLowerCase() : value}`;
}

/** Spellings of Node and OpenSSL. */
const TYPES: Readonly<Record<string, string>> = {
  dns: 'DNS',
  'ip address': 'IP',
  ip: 'IP',
  uri: 'URI',
  email: 'email',
  sha256: 'SHA256',
};

function fingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toUpperCase();
  return digits.match(/../g)?.join(':') ?? digits;
}
