import { dialTransport, type TlsInfo, type Transport } from '@roundhouse/net';
import type { Check, Checker, ProbeFacts } from './checker.ts';

const MS_PER_DAY = 86_400_000;

/** Connects, with TLS when `alpn` is given; empty offers nothing. The facts of TLS are noted. */
export async function dialFor(check: Check, alpn?: readonly string[]): Promise<Transport> {
  const { address, timeouts, runtime, scope, enter, facts } = check;
  const tls = alpn && { ...check.tls, ...(alpn.length > 0 && { alpn }) };
  const transport = await dialTransport(address, { timeouts, tls }, runtime, scope, { onPhase: enter });
  noteTls(facts, transport.tls, runtime.clock.now());
  return transport;
}

/** Facts of TLS under their names. */
export function noteTls(facts: ProbeFacts, tls: TlsInfo | null, now: number): void {
  if (tls === null) return;
  facts['tls_version'] = tls.protocol;
  facts['tls_cipher'] = tls.cipher;
  facts['alpn'] = tls.alpn;
  const { certificate } = tls;
  if (certificate === null) return;
  facts['certificate_subject'] = certificate.subject;
  facts['certificate_issuer'] = certificate.issuer;
  facts['certificate_valid_to'] = certificate.validTo;
  facts['certificate_days_left'] = Math.floor((Date.parse(certificate.validTo) - now) / MS_PER_DAY);
}

export const checkTcp: Checker = async (check) => (await dialFor(check)).destroy();

export const checkTls: Checker = async (check) => (await dialFor(check, [])).destroy();
