import { s3270Available } from '@roundhouse/testing';
import { missingPeers, S3270 } from './clients.ts';
import { figure } from './figure.ts';
import { startScript } from './jsonChild.ts';
import { startLoadHost } from './loadHostChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

/** From the accepted connection to the first screen drawn, as the host sees it. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  const connections = quick ? 20 : 200;
  const peerConnections = quick ? 3 : 20;
  const ours = await inOneProcess(connections);
  const samples = s3270Available() ? await processEach(peerConnections) : [];
  return {
    title: 'Accept to first screen',
    figures: [figure('first_screen', 'first screen drawn', 'ms', ours, { name: S3270.name, samples })],
    notes: [
      `${connections} connections of one process, one after another.`,
      'Telnet negotiation, one form screen, and the answer to the timing mark behind it.',
      ...(samples.length === 0 ? missingPeers() : [`s3270 takes a process each, ${samples.length} of them.`]),
    ],
  };
}

async function inOneProcess(connections: number): Promise<number[]> {
  await using parts = new AsyncDisposableStack();
  const host = await startLoadHost(parts, 'form', 0, connections);
  parts.use(await startScript(scriptPath('client'), host.port, connections));
  const times: number[] = [];
  while (times.length < connections) times.push((await host.result()).first_screen_ms);
  return times;
}

async function processEach(connections: number): Promise<number[]> {
  await using parts = new AsyncDisposableStack();
  const host = await startLoadHost(parts, 'form', 0, connections);
  const times: number[] = [];
  while (times.length < connections) {
    await using _client = await S3270.start(host.port);
    times.push((await host.result()).first_screen_ms);
  }
  return times;
}
