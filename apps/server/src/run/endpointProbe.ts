import { HOST_PROBE_KINDS } from '@roundhouse/api';
import { hostProbe } from '@roundhouse/sessions';
import type { SupervisorSources } from '@roundhouse/workers';

/** Bound of a negotiation; the probe of a worker has a time-out of its own, ms. */
const TIMEOUT_MS = 30_000;
/** Probes of a kind alone ask for none. */
const noSecrets = (): Promise<string> => Promise.reject(new Error('no secrets'));

/** What endpoints are checked with, for workers that speak the same. */
export const endpointProbe: SupervisorSources['endpointProbe'] = (protocol) => {
  const kind = HOST_PROBE_KINDS.find((each) => each === protocol);
  const probe = kind && hostProbe({ kind }, TIMEOUT_MS, noSecrets);
  return (
    probe && {
      kind: probe.kind,
      check({ target: { host, port, isTls }, ...endpoint }, scope) {
        // Whoever supervises a program does not ask for its certificate, as in Kubernetes.
        const tls = isTls ? { verify: false } : undefined;
        const target = { endpoint: null, host, port, tls, startTls: undefined, compat: undefined };
        return probe.check({ ...endpoint, target }, scope);
      },
    }
  );
};
