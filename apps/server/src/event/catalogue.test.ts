import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATION_STATUSES, SESSION_STATES } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { buildAsyncApi, eventSchemas } from './asyncApi.ts';
import { EVENT_CATALOGUE, eventDefinition, eventFault } from './catalogue.ts';
import { makeEvent } from './record.ts';
import { WORKER_EVENTS } from './workerEvents.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** What the templates of published types stand for. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'session.${name}': ['created', 'resumed', ...SESSION_STATES].map((name) => `session.${name}`),
  'limit.${change}': ['limit.near', 'limit.reached', 'limit.recovered'],
  'configuration.${type}': ['reloaded', 'rejected', 'rolled_back'].map((type) => `configuration.${type}`),
  'worker.${what}': Object.keys(WORKER_EVENTS).map((what) => `worker.${what}`),
  'operation.${moved.status}': OPERATION_STATUSES.map((status) => `operation.${status}`),
};

/** Every type that is published in the sources of packages and apps. */
function publishedTypes(): string[] {
  const types: string[] = [];
  for (const area of ['packages', 'apps']) {
    for (const file of readdirSync(join(ROOT, area), { recursive: true, encoding: 'utf8' })) {
      if (!/\/src\/.*\.ts$/.test(file) || /\.(test|fixture)\.ts$|node_modules|\/dist\//.test(file)) continue;
      const text = readFileSync(join(ROOT, area, file), 'utf8');
      for (const [, words] of text.matchAll(/\.publish\(([^,]*),/gs)) {
        for (const [, quoted, template] of (words ?? '').matchAll(/'([^']*)'|`([^`]*)`/g)) {
          if (quoted?.includes('.')) types.push(quoted);
          if (template !== undefined)
            types.push(...(TEMPLATES[template] ?? [`unknown template ${template} in ${file}`]));
        }
      }
    }
  }
  return [...new Set(types)];
}

describe('the catalogue of events', () => {
  it('has every type that is published', () => {
    const types = publishedTypes();
    expect(types.length).toBeGreaterThan(25);
    expect(types.filter((type) => eventDefinition(type) === undefined)).toEqual([]);
  });

  it.each([
    ['session.created', { group: null, endpoint: 'a', host: 'h', port: 23 }, true],
    ['session.created', { group: null, endpoint: 'a', labels: { env: 'prod' } }, true],
    ['session.created', { endpoint: 'a' }, false],
    ['session.active', { from: 'connected', endpoint: null }, true],
    ['session.active', { from: 'nowhere', endpoint: null }, false],
    ['session.takeover_offered', { secret: 'x' }, false],
    ['endpoint.health_changed', { from: 'healthy', to: 'unhealthy', reason: 'probe', group: null }, true],
    ['session.invented', {}, false],
  ])('%s with %o is as it should be: %s', (type, data, isGood) => {
    const event = makeEvent({ type, subject: 's', data }, { sequence: 1, at: 0, source: '/test' });
    expect(eventFault(event) === undefined).toBe(isGood);
  });

  it('describes each type by a JSON schema and an AsyncAPI message whose references lead somewhere', () => {
    const types = Object.keys(EVENT_CATALOGUE).map((type) => `roundhouse.${type}`);
    expect(Object.keys(eventSchemas())).toEqual(types);
    const document = buildAsyncApi('1.2.3');
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { version: '1.2.3' } });
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path]) => path as string,
    );
    expect(references.length).toBeGreaterThan(3 * types.length);
    for (const path of references) {
      const target = path.split('/').reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], document);
      expect(target, path).toBeDefined();
    }
  });
});
