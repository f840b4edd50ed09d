import { type ApiCaller, ENDPOINT_COUNT, startApiCaller } from './apiCaller.ts';
import { type Figure, figure } from './figure.ts';
import { load, loaderName, type LoadFacts } from './httpLoader.ts';
import type { BenchOptions, Section } from './section.ts';

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;

/** What the smallest requests cost with everything that stands before a handler: key, rate, policy, metrics. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const runs = quick ? 1 : 5;
  const seconds = quick ? 2 : 5;
  await using parts = new AsyncDisposableStack();
  const caller = await startApiCaller(parts);
  const whoAmI: LoadFacts[] = [];
  const endpoint: LoadFacts[] = [];
  await ask(caller, caller.endpointPaths, WARM_UP_SECONDS);
  for (let run = 0; run < runs; run++) {
    whoAmI.push(await ask(caller, ['/api/v1/whoami'], seconds));
    endpoint.push(await ask(caller, caller.endpointPaths, seconds));
  }
  return {
    title: 'Requests to the API',
    figures: [...figuresOf('whoami', 'who am I', whoAmI), ...figuresOf('endpoint', 'an endpoint', endpoint)],
    notes: [
      `${runs} runs of ${seconds} s each, by turns, from ${loaderName()} on ${CONNECTIONS} kept connections.`,
      'The server is what `roundhouse up` runs: SQLite, a log file at info, metrics. Each request brings an API key, is charged to the rate of its principal, which no run uses up, and is measured.',
      `An endpoint is one of ${ENDPOINT_COUNT} in turn; a rule with a condition on labels allows it.`,
    ],
  };
}

function ask({ url, headers }: ApiCaller, paths: readonly string[], seconds: number): Promise<LoadFacts> {
  return load({ origin: url, paths, headers, connections: CONNECTIONS, seconds });
}

function figuresOf(id: string, label: string, facts: readonly LoadFacts[]): Figure[] {
  const of = (part: string, what: string, unit: string, sampleOf: (each: LoadFacts) => number): Figure =>
    figure(`api.${id}.${part}`, `${label}, ${what}`, unit, facts.map(sampleOf));
  return [
    of('per_s', 'rate', 'requests/s', ({ readsPerSecond }) => readsPerSecond),
    of('p99_ms', '99th percentile', 'ms', ({ p99Ms }) => p99Ms),
    of('errors', 'not answered with 200', 'requests', ({ errors }) => errors),
  ];
}
