import type { EndpointProbeInput } from '@roundhouse/api';
import type { Scope } from '@roundhouse/core';
import { connectTcp, type Transport } from '@roundhouse/net';
import { ladder, type Probe, type Rung } from '@roundhouse/traffic';
import { LiveSession, resolveSessionOptions, type Session } from '@roundhouse/tn3270';
import { sessionsError } from '../errors.ts';
import { runNavigation } from '../navigation/run.ts';
import { parseScript } from '../navigation/script.ts';
import type { SecretSource } from '../navigation/secret.ts';
import { matches, type Signature } from '../navigation/signature.ts';
import { firstScreen, sessionOptions, untilSession } from '../session/open.ts';
import type { SessionTarget } from '../session/target.ts';

type ProbeKind = NonNullable<EndpointProbeInput['kind']>;

/** What the rungs of one climb share. */
interface Climb {
  readonly target: SessionTarget;
  transport?: Transport;
  session?: Session;
}

/** The rungs of a host, lowest first; a kind of probe climbs up to its own. */
const REACH = ['tcp', 'tls', 'telnet', 'tn3270'] as const satisfies readonly ProbeKind[];

/**
 * The probe of a 3270 host on one connection: TCP, TLS, the telnet and TN3270E negotiation, the first screen, what
 * stands on it, and a test transaction. Undefined for `none`. Raises NAVIGATION_INVALID.
 */
export function hostProbe(
  settings: EndpointProbeInput,
  timeoutMs: number,
  secrets: SecretSource,
): Probe<SessionTarget> | undefined {
  const { kind = 'tn3270', lu, transaction } = settings;
  if (kind === 'none') return undefined;
  const reach = REACH.indexOf(kind);
  const rungs: Rung<Climb>[] = [{ name: 'tcp', run: connect }];
  if (reach >= 1) rungs.push({ name: 'tls', run: secure });
  if (reach >= 2) rungs.push({ name: 'telnet', run: (climb, scope) => negotiate(climb, lu, timeoutMs, scope) });
  if (reach >= 3) {
    rungs.push({ name: 'screen', run: showScreen });
    const signature = signatureOf(settings);
    if (signature !== undefined) rungs.push({ name: 'signature', run: (climb) => recognise(climb, signature) });
    if (transaction !== undefined) {
      const script = parseScript(transaction, 'probe.transaction');
      rungs.push({
        name: 'transaction',
        run: ({ session }, scope) => runNavigation(session as Session, script, { secrets, scope }),
      });
    }
  }
  return ladder(kind, ({ target }) => ({ target }), rungs);
}

async function connect(climb: Climb, scope: Scope): Promise<void> {
  const { host, port } = climb.target;
  const transport = await connectTcp({ host, port }, scope);
  climb.transport = transport;
  scope.onEnd(() => transport.destroy());
}

/** Nothing to do for a host without TLS. */
async function secure({ target, transport }: Climb, scope: Scope): Promise<void> {
  const { tls } = resolveSessionOptions(sessionOptions({}, target, 1));
  if (tls !== undefined) await (transport as Transport).upgradeTls(tls, scope);
}

async function negotiate(climb: Climb, lu: string | undefined, timeoutMs: number, scope: Scope): Promise<void> {
  const options = sessionOptions(lu === undefined ? {} : { lu }, climb.target, timeoutMs);
  const session = new LiveSession(resolveSessionOptions(options), climb.transport as Transport, scope);
  climb.session = session;
  await untilSession(session, () => session.connectionState.startsWith('connected-'), scope);
}

/** NVT is where hosts write why they give no session. */
async function showScreen({ session }: Climb, scope: Scope): Promise<void> {
  const live = session as Session;
  await untilSession(live, () => /^connected-(?!.*nvt|unbound)/.test(live.connectionState), scope);
  await firstScreen(live, scope);
}

async function recognise({ session }: Climb, signature: Signature): Promise<void> {
  const { ok, missing } = matches(signature, session as Session);
  if (!ok) throw sessionsError('PROBE_SCREEN_UNEXPECTED', { details: { missing: missing.join(', ') } });
}

function signatureOf({ expect = [], reject = [] }: EndpointProbeInput): Signature | undefined {
  if (expect.length + reject.length === 0) return undefined;
  return { texts: expect.map(expectedText), absentTexts: reject.map(expectedText) };
}

function expectedText({ text, row, column }: NonNullable<EndpointProbeInput['expect']>[number]) {
  if (row === undefined) return { text };
  return column === undefined
    ? { text, within: { row, column: 1, rows: 1, columns: Number.MAX_SAFE_INTEGER } }
    : { text, at: { row, column } };
}
