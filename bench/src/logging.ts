import { type ApiCaller, startApiCaller } from './apiCaller.ts';
import { figure } from './figure.ts';
import { load, loaderName } from './httpLoader.ts';
import type { BenchOptions, Section } from './section.ts';

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;

/** What the log takes away from the rate of requests, by its level. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const rounds = quick ? 2 : 16;
  const seconds = quick ? 1 : 2;
  await using parts = new AsyncDisposableStack();
  const caller = await startApiCaller(parts);
  const silent: number[] = [];
  const info: number[] = [];
  const debug: number[] = [];
  await rateAt(caller, 'info', WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    // Every other round the other way round: what one run leaves behind is not always charged to the same level.
    const both = [
      async () => silent.push(await rateAt(caller, 'silent', seconds)),
      async () => info.push(await rateAt(caller, 'info', seconds)),
    ];
    for (const run of round % 2 === 0 ? both : both.reverse()) await run();
    debug.push(await rateAt(caller, 'debug', seconds));
  }
  const against = { name: 'silent', samples: silent };
  return {
    title: 'Cost of the log',
    figures: [
      figure('logging.info', 'requests at info', 'requests/s', info, against),
      figure('logging.debug', 'requests at debug', 'requests/s', debug, against),
    ],
    notes: [
      `${rounds} rounds of ${seconds} s a level from ${loaderName()} on ${CONNECTIONS} kept connections, one server, whose levels are changed while it runs.`,
      'GET of an endpoint with an API key. At info a request that is served well leaves no line, at debug it leaves one; the log is a file.',
    ],
  };
}

async function rateAt(
  { client, url, headers, endpointPaths: paths }: ApiCaller,
  level: 'silent' | 'info' | 'debug',
  seconds: number,
): Promise<number> {
  await client.putLogLevel('*', { level });
  const { readsPerSecond, errors } = await load({ origin: url, paths, headers, connections: CONNECTIONS, seconds });
  if (errors > 0) throw new Error(`${errors} requests were not answered with 200 at ${level}`);
  return readsPerSecond;
}
