import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Secret } from '@roundhouse/core';
import { isSensitiveName, MASK, redactText, redactValue } from '../log/redact.ts';
import type { OperationTimes } from '../metrics/slowest.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';
import { tar } from './tar.ts';

/** What is known of a server when someone needs help with it. */
export interface SupportContents {
  /** Of the product. */
  readonly version: string;
  readonly facts: Facts;
  readonly findings: readonly Finding[];
  /** As it is in force. */
  readonly configuration: unknown;
  /** The text of Prometheus. */
  readonly metrics: string;
  readonly slowest: readonly OperationTimes[];
  /** JSON lines, oldest first. */
  readonly logLines: readonly string[];
  /** Only the names go in. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Lists of resources by kind. */
  readonly resources: Readonly<Record<string, readonly unknown[]>>;
  /** Secrets that the server knows: they are looked for everywhere once more. */
  readonly secrets: readonly Secret[];
}

const compress = promisify(gzip);
/** Of one file, characters; the end of a longer one is left out. */
const MAX_TEXT = 16_777_216;
const MAX_MEMBERS = 1_000_000;
const MAX_DEPTH = 32;
/** Shorter texts stand in any file by chance. */
const LEAST_SECRET = 6;
const FOLDER = 'roundhouse-support';

/** A gzip-compressed tar of everything, without its secrets; `at` in ms since 1970. */
export async function supportBundle(contents: SupportContents, at: number): Promise<Buffer> {
  const hide = hider(contents);
  const files = Object.entries(textsOf(contents, at)).map(([name, text]) => ({
    name: `${FOLDER}/${name}`,
    content: Buffer.from(hide(text.slice(0, MAX_TEXT))),
  }));
  return compress(tar(files, at));
}

function textsOf(contents: SupportContents, at: number): Record<string, string> {
  const { version, facts, findings, configuration, metrics, slowest, logLines, environment, resources } = contents;
  return {
    'README.txt': README,
    'version.json': json({ version, taken_at: new Date(at).toISOString(), runtime: facts.runtime }),
    'doctor.json': json({ findings, facts }),
    'configuration.json': json(configuration),
    'environment.json': json({ names: Object.keys(environment).toSorted() }),
    'metrics.txt': metrics.split('\n').map(redactText).join('\n'),
    'slowest.json': json(slowest),
    'log.jsonl': logLines.map(redactedLine).join(''),
    // Names of kinds are ours, and short.
    ...Object.fromEntries(Object.entries(resources).map(([kind, list]) => [`resources/${kind}.json`, json(list)])),
  };
}

const README = `What this is: the state of a Roundhouse server, made by "roundhouse support-bundle" to be given to those who help.
What is left out: passwords, tokens, keys, cookies, the values of environment variables, the text of screens.
Have a look before you pass it on: names of hosts, endpoints and users are in it.
`;

function json(value: unknown): string {
  return `${JSON.stringify(redactValue(value, MAX_MEMBERS, MAX_DEPTH), null, 2)}\n`;
}

function redactedLine(line: string): string {
  try {
    return `${JSON.stringify(redactValue(JSON.parse(line)))}\n`;
  } catch {
    return `${redactText(line.trimEnd())}\n`;
  }
}

/** The last line of defence: what is known to be secret, found by its text. */
function hider({ secrets, environment }: SupportContents): (text: string) => string {
  const values = [...secrets.map((secret) => secret.reveal()), ...sensitiveValues(environment)];
  const forms = values
    .filter((value) => value.length >= LEAST_SECRET)
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]);
  // The longest first: one may be a part of another.
  const distinct = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  return (text) => distinct.reduce((hidden, form) => hidden.replaceAll(form, MASK), text);
}

/** Values of variables whose name says that they are secret. */
function sensitiveValues(environment: SupportContents['environment']): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && isSensitiveName(name) ? [value] : [],
  );
}
