import { formatAddress, netError } from '@roundhouse/net';
import type { Check, ProbeFacts } from './checker.ts';

/** For the field Host: with the port where it is said. */
export function authorityOf({ url, address }: Check): string {
  return url.port === '' ? formatAddress({ ...address, port: 1 }).slice(0, -2) : formatAddress(address);
}

/** Notes the status; one from 400 is an error: it answers, but not as it should. */
export function noteStatus(facts: ProbeFacts, status: number, text: string, peer: string): void {
  facts['status'] = status;
  if (status < 400) return;
  const remote = { status: String(status), text: text.slice(0, 120) };
  const isLater = status === 429 || (status >= 502 && status <= 504);
  const place = { protocol: 'http', phase: 'read', peer, sent: 'all', remote } as const;
  if (status === 404) throw netError('PEER_NOT_FOUND', { ...place, details: { what: 'page at this path' } });
  if (status === 401) throw netError('PEER_LOGIN_REFUSED', place);
  throw netError(isLater ? 'PEER_UNAVAILABLE' : 'PEER_REFUSED', place);
}
