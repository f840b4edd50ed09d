import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { createResolver } from '@roundhouse/protocols/dns';
import { nameServersAvailable, startNamed, startPeer } from '@roundhouse/testing';
import { type Figure, figure, quantileOf } from './figure.ts';
import { temporaryDirectory } from './installation.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';
import type { BenchOptions, Section } from './section.ts';

const HOST = '127.0.0.1';
const ORIGIN = 'big.test';
const NAMES = 100_000;
const QUESTIONS = 50_000;
/** A prime: names are asked for far from one another. */
const STRIDE = 7_919;

/** Answers a second over UDP from a zone of 100,000 names, ours and BIND's in turns; and how long a known answer takes. */
export async function measure({ quick }: BenchOptions): Promise<Section> {
  await using parts = new AsyncDisposableStack();
  const directory = await temporaryDirectory(parts);
  const [zone, questions] = [join(directory, 'zone'), join(directory, 'questions')];
  await writeFile(zone, zoneText());
  await writeFile(questions, questionsText());
  const ours = parts.use(await startScript(scriptPath('dnsServerProcess'), zone, ORIGIN));
  const { port, loadMs } = await ours.next<{ port: number; loadMs: number }>();
  const hasPeer = nameServersAvailable('named');
  const named = hasPeer ? parts.use(await startNamed({ zones: { [ORIGIN]: readFileSync(zone, 'utf8') } })) : undefined;
  const seconds = quick ? 2 : 5;
  const runs = quick ? 1 : 5;
  const own: Load[] = [];
  const theirs: Load[] = [];
  for (let run = 0; run < runs; run += 1) {
    own.push(await load(port, questions, seconds));
    if (named !== undefined) theirs.push(await load(named.port, questions, seconds));
  }
  const perSecond = (loads: readonly Load[]): number[] => loads.map((each) => each.perSecond);
  const lost = own.reduce((sum, each) => sum + each.lost, 0);
  const figures: Figure[] = [
    figure('dns.per_s', 'answers over UDP', 'answers/s', perSecond(own), {
      name: 'BIND, one thread',
      samples: perSecond(theirs),
    }),
    figure('dns.lost', 'questions without an answer', 'questions', [lost]),
    figure('dns.load_ms', 'zone read and checked', 'ms', [loadMs]),
    await cached(port, quick),
  ];
  return {
    title: 'DNS',
    figures,
    notes: [
      `dnsperf with one thread, 4 clients and 200 questions on their way, ${seconds} s a run, ${runs} ${runs === 1 ? 'run' : 'runs'} each in turns; each server has one thread and the same zone of ${NAMES.toLocaleString('en')} names.`,
      'A known answer: one call of `resolve` for a name that the resolver has kept, with its facts and its time limit.',
      ...(hasPeer ? [] : ['BIND is not installed here: nothing to compare with.']),
    ],
  };
}

interface Load {
  readonly perSecond: number;
  readonly lost: number;
}

async function load(port: number, questions: string, seconds: number): Promise<Load> {
  let output = '';
  const args = ['-s', HOST, '-p', port, '-d', questions, '-l', seconds, '-c', 4, '-q', 200, '-T', 1].map(String);
  const peer = await startPeer('dnsperf', args);
  peer.onOutput((text) => {
    output += text;
  });
  const { code } = await peer.exited;
  const perSecond = /Queries per second:\s+([\d.]+)/.exec(output)?.[1];
  const lost = /Queries lost:\s+(\d+)/.exec(output)?.[1];
  if (code !== 0 || perSecond === undefined || lost === undefined) throw peer.failure('it told no figures');
  return { perSecond: Number(perSecond), lost: Number(lost) };
}

async function cached(port: number, quick: boolean): Promise<Figure> {
  const scope = createScope();
  await using resolver = createResolver({ servers: [`${HOST}:${port}`] });
  const ask = () => resolver.resolve(`host1.${ORIGIN}`, 'A', scope);
  await ask();
  const samples: number[] = [];
  for (let count = 0; count < (quick ? 5_000 : 50_000); count += 1) {
    const startedAt = performance.now();
    const { isFromCache } = await ask();
    samples.push(performance.now() - startedAt);
    if (!isFromCache) throw new Error('The answer was not kept');
  }
  return figure('dns.cached_ms', 'known answer, 99th percentile', 'ms', [quantileOf(samples, 0.99)]);
}

function zoneText(): string {
  const hosts = Array.from(
    { length: NAMES },
    (_, at) => `host${at} A 10.${at >>> 16}.${(at >>> 8) & 0xff}.${at & 0xff}\n`,
  );
  return `$ORIGIN ${ORIGIN}.\n$TTL 300\n@ SOA ns hostmaster 1 2h 15m 4w 5m\n@ NS ns\nns A ${HOST}\n${hosts.join('')}`;
}

function questionsText(): string {
  const names = Array.from({ length: QUESTIONS }, (_, at) => `host${(at * STRIDE) % NAMES}.${ORIGIN} A\n`);
  return names.join('');
}
