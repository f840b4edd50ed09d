import type { ConfigurationFile } from '@roundhouse/api';
import { figure } from './figure.ts';
import { load, loaderName } from './httpLoader.ts';
import { startInstallation } from './installation.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const SESSIONS = 20;
const ENDPOINTS = 20;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;
/** Screens stay as they are while they are read. */
const SCREEN_INTERVAL_MS = 3_600_000;
const UNBOUNDED = { per_second: 1_000_000, burst: 1_000_000 };

type Kind = 'endpoint' | 'screen';

interface Caller {
  rate(kind: Kind, seconds: number): Promise<number>;
}

/** The same requests with the audit journal and without: such as leave no record, and such as leave one each. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 7;
  const seconds = quick ? 2 : 4;
  await using parts = new AsyncDisposableStack();
  const host = parts.use(await startScript(scriptPath('trickleHost'), SCREEN_INTERVAL_MS));
  const { port } = await host.next<{ port: number }>();
  const audited = await startCaller(parts, port, true);
  const bare = await startCaller(parts, port, false);
  const rates = {
    endpoint: { audited: [] as number[], bare: [] as number[] },
    screen: { audited: [] as number[], bare: [] as number[] },
  };
  const kinds: readonly Kind[] = ['endpoint', 'screen'];
  for (const caller of [audited, bare]) for (const kind of kinds) await caller.rate(kind, WARM_UP_SECONDS);
  for (let run = 0; run < runs; run++) {
    for (const kind of kinds) {
      rates[kind].audited.push(await audited.rate(kind, seconds));
      rates[kind].bare.push(await bare.rate(kind, seconds));
    }
  }
  const row = (kind: Kind, label: string) =>
    figure(`auditedApi.${kind}`, label, 'requests/s', rates[kind].audited, {
      name: 'without the journal',
      samples: rates[kind].bare,
    });
  return {
    title: 'The API with the audit journal',
    figures: [row('endpoint', 'an endpoint: no record'), row('screen', 'a screen that stays as it is')],
    notes: [
      `${runs} runs of ${seconds} s each, by turns, from ${loaderName()} on ${CONNECTIONS} kept connections, to two installations of \`roundhouse up\` that differ in \`audit.enabled\`.`,
      'That somebody has seen a screen is recorded when it shows something new, and else once a minute; that somebody has read the description of an endpoint is not.',
    ],
  };
}

async function startCaller(parts: AsyncDisposableStack, hostPort: number, enabled: boolean): Promise<Caller> {
  const configuration: ConfigurationFile = {
    audit: { enabled },
    limits: { rate: UNBOUNDED },
    endpoint_groups: [{ id: 'bench' }],
    endpoints: Array.from({ length: ENDPOINTS }, (_, index) => ({
      id: `endpoint-${index}`,
      host: '127.0.0.1',
      port: hostPort,
      group: 'bench',
      probe: { kind: 'none' },
    })),
  };
  const { url, token, client } = await startInstallation(parts, configuration);
  const screens: string[] = [];
  for (let opened = 0; opened < SESSIONS; opened++) {
    const { id } = await client.createSession({ host: '127.0.0.1', port: hostPort, model: '3279-2-E' });
    screens.push(`/api/v1/sessions/${id}/screen`);
  }
  const paths = {
    endpoint: Array.from({ length: ENDPOINTS }, (_, index) => `/api/v1/endpoints/endpoint-${index}`),
    screen: screens,
  };
  const headers = { authorization: `Bearer ${token}` };
  return {
    async rate(kind, seconds) {
      const facts = await load({ origin: url, paths: paths[kind], headers, connections: CONNECTIONS, seconds });
      if (facts.errors > 0) throw new Error(`${facts.errors} requests of ${kind} were not answered with 200`);
      return facts.readsPerSecond;
    },
  };
}
