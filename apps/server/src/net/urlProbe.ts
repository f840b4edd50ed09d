import { createRuntime } from '@roundhouse/net';
import { type GatewayDependencies, hostProbe } from '@roundhouse/sessions';
import type { SupervisorSources } from '@roundhouse/workers';

const runtime = createRuntime();

/** The check of a URL by the protocol of its scheme, which is loaded with its first check. */
export const urlProbe: SupervisorSources['urlProbe'] = {
  kind: 'url',
  async check({ target: { url, isVerified, serverName, ca } }, scope) {
    const { probeUrl } = await scope.race(import('@roundhouse/protocols/probe'));
    const tls = {
      verify: isVerified,
      ...(serverName !== undefined && { serverName }),
      ...(ca !== undefined && { ca }),
    };
    const left = scope.deadline - scope.clock.monotonic();
    const options = { tls, ...(Number.isFinite(left) && { timeoutMs: left }) };
    const { outcome, elapsedMs, phases: steps, error } = await probeUrl(url, options, scope, runtime);
    if (error === undefined) return { outcome, elapsedMs, steps };
    return { outcome, elapsedMs, steps, error: { code: error.code, message: error.message } };
  },
};

/** The probe of an endpoint: the ladder of its host; behind it, or in its place, a URL. */
export const endpointProbeOf: NonNullable<GatewayDependencies['probeOf']> = (settings, timeoutMs, secrets) => {
  const host = hostProbe(settings, timeoutMs, secrets);
  if (settings.url === undefined) return host;
  const {
    address,
    verify = true,
    server_name,
    ca,
  } = typeof settings.url === 'string' ? { address: settings.url } : settings.url;
  const target = { url: address, isVerified: verify, serverName: server_name, ca };
  return {
    kind: host?.kind ?? urlProbe.kind,
    async check(endpoint, scope) {
      const climbed = await host?.check(endpoint, scope);
      if (climbed?.outcome === 'failed') return climbed;
      const asked = await urlProbe.check({ ...endpoint, target }, scope);
      const steps = asked.steps.map((step) => ({ ...step, name: `url_${step.name}` }));
      if (climbed === undefined) return { ...asked, steps };
      return {
        ...(asked.outcome === 'failed' ? asked : climbed),
        elapsedMs: climbed.elapsedMs + asked.elapsedMs,
        steps: [...climbed.steps, ...steps],
      };
    },
  };
};
