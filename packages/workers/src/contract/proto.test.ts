import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HEALTH_STATUSES, METRIC_KINDS, SEVERITIES } from './contract.ts';
import type { Field } from './grpc/message.ts';
import { MESSAGES, METHODS, SOCKET_VARIABLE } from './messages.ts';

const file = readFileSync(new URL('../../proto/roundhouse/worker/v1/worker.proto', import.meta.url), 'utf8');
const text = file.replaceAll(/\/\/.*$/gm, '');

/** What stands between the braces behind a heading; braces within are counted. */
function bodies(keyword: string, within = text): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of within.matchAll(new RegExp(`\\b${keyword} (\\w+) \\{`, 'g'))) {
    let depth = 1;
    let end = match.index + match[0].length;
    const begin = end;
    for (; depth > 0; end++) depth += within[end] === '{' ? 1 : within[end] === '}' ? -1 : 0;
    found.set(match[1] as string, within.slice(begin, end - 1));
  }
  return found;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'bool',
  uint64: 'number',
  double: 'double',
  'map<string, string>': 'map',
};

/** `name number kind` of each field of a message; a message of its own by its name. */
function publishedFields(body: string): string[] {
  const enums = bodies('enum', body);
  const flat = body.replaceAll(/\benum \w+ \{[^}]*\}/g, '');
  return Array.from(
    flat.matchAll(/^\s*(repeated )?(\S[^=]*?) (\w+) = (\d+);/gm),
    ([, repeated, type, name, number]) => {
      const kind =
        repeated === undefined ? (enums.has(type as string) ? 'number' : KINDS[type as string]) : `many ${type}`;
      return `${name} ${number} ${kind}`;
    },
  );
}

function ownFields(fields: Readonly<Record<string, Field>>): string[] {
  return Object.entries(fields).map(([name, field]) => {
    if (!('many' in field)) return `${name} ${field.number} ${field.kind}`;
    const [message] = Object.entries(MESSAGES).find(([, type]) => type.fields === field.many.fields) ?? [];
    return `${name} ${field.number} many ${message}`;
  });
}

describe('the published contract', () => {
  it('has the messages that are written and read here, field by field', () => {
    const published = Array.from(bodies('message'), ([name, body]) => [name, publishedFields(body)]);
    const own = Object.entries(MESSAGES).map(([name, { fields }]) => [name, ownFields(fields)]);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(published));
  });

  it('has the methods that are called and served here', () => {
    const [, name] = /^package (.*);$/m.exec(text) ?? [];
    const [[service, body]] = [...bodies('service')] as [[string, string]];
    const published = Array.from(
      body.matchAll(/rpc (\w+)\((\w+)\) returns \((\w+)\);/g),
      ([, method, request, reply]) => [
        `${name}.${service}/${method}`,
        MESSAGES[request as keyof typeof MESSAGES].fields,
        MESSAGES[reply as keyof typeof MESSAGES].fields,
      ],
    );
    expect(published).toEqual(
      Object.values(METHODS).map((method) => [method.name, method.request.fields, method.reply.fields]),
    );
  });

  it.each([
    ['HealthReply', 'Status', HEALTH_STATUSES],
    ['Metric', 'Kind', METRIC_KINDS],
    ['Notice', 'Severity', SEVERITIES],
  ] as const)('has the words of %s.%s in their order', (message, name, words) => {
    const body = bodies('enum', bodies('message').get(message)).get(name) as string;
    const published = Array.from(body.matchAll(/(\w+) = (\d+);/g), ([, word, number]) => `${word} ${number}`);
    expect(published).toEqual(words.map((word, number) => `${name.toUpperCase()}_${word.toUpperCase()} ${number}`));
  });

  it('names the variable that the socket stands in', () => {
    expect(file).toContain(SOCKET_VARIABLE);
  });
});
