import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { plainOf } from '../check/settle.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { type ConfigNode, leaves, type MapNode } from '../node.ts';
import { formatPath } from '../path.ts';
import { Faults } from '../report/faults.ts';
import { parseYaml } from '../syntax/parse.ts';
import { keysOf, merge } from './merge.ts';
import { resolve } from './resolve.ts';
import { coreScalar } from './scalar.ts';
import { parseSubstitution } from './substitution.ts';

const faults = new Faults(100);
const merging = { keyOf: keysOf([{ path: 'items', key: 'id' }]), faults };

function parse(value: unknown, name = 'a.yaml'): MapNode {
  const source = { layer: 'file', name, text: stringify(value), directory: '/etc' } as const;
  return parseYaml(source, faults, DEFAULT_LIMITS);
}

const key = fc
  .string({ minLength: 1, maxLength: 6 })
  // Those that mean something are no keys of a document.
  .filter((text) => !text.startsWith('$') && !['__proto__', '<<', 'use'].includes(text));
const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  ),
}));
const document = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 5 });

/** Documents in which a path has the same kind everywhere: what merging layers is about. */
const layer = fc
  .record(
    {
      name: scalar,
      list: fc.array(scalar, { maxLength: 3 }),
      section: fc.dictionary(fc.constantFrom('a', 'b', 'c'), scalar),
      items: fc.uniqueArray(
        fc.record({ id: fc.constantFrom('x', 'y', 'z'), port: fc.nat(9) }, { requiredKeys: ['id'] }),
        {
          selector: ({ id }) => id,
        },
      ),
    },
    { requiredKeys: [] },
  )
  .filter((value) => Object.keys(value).length > 0);

describe('parseYaml', () => {
  it('reads what was written, and knows the place of every value', () => {
    fc.assert(
      fc.property(document, (value) => {
        const root = parse(value);
        expect(plainOf(root)).toEqual(JSON.parse(JSON.stringify(value)));
        for (const { node } of leaves(root)) {
          expect(node.place.end).toBeGreaterThan(node.place.start);
          expect(node.place.end).toBeLessThanOrEqual(node.place.source.text?.length ?? 0);
        }
      }),
    );
    expect(faults.hasErrors).toBe(false);
  });
});

describe('merge', () => {
  it('gives the same whichever two of three layers come together first', () => {
    fc.assert(
      fc.property(layer, layer, layer, (a, b, c) => {
        const [x, y, z] = [parse(a), parse(b), parse(c)] as const;
        const left = merge(merge(x, y, [], merging), z, [], merging);
        const right = merge(x, merge(y, z, [], merging), [], merging);
        expect(plainOf(left)).toEqual(plainOf(right));
        expect(origins(left)).toEqual(origins(right));
      }),
    );
  });

  it('remembers for every value all layers that set it', () => {
    fc.assert(
      fc.property(layer, layer, (lower, upper) => {
        const merged = merge(parse(lower, 'lower'), parse(upper, 'upper'), [], merging);
        for (const { path, node } of leaves(merged)) {
          const names = [node, ...(node.shadowed ?? [])].map(({ place }) => place.source.name);
          expect(names).toEqual([...new Set(names)]);
          if (path.length === 1 && path[0] === 'name') {
            const setBy = [...('name' in upper ? ['upper'] : []), ...('name' in lower ? ['lower'] : [])];
            expect(names).toEqual(setBy);
          }
        }
      }),
    );
  });

  it('with nothing is what it was', () => {
    fc.assert(
      fc.property(document, (value) => {
        expect(plainOf(merge(undefined, parse(value), [], merging))).toEqual(plainOf(parse(value)));
      }),
    );
  });
});

function origins(root: ConfigNode): unknown[] {
  return [...leaves(root)].map(({ path, node }) => [
    formatPath(path),
    node.place.start,
    node.shadowed?.map(({ place }) => place.start),
  ]);
}

describe('resolve', () => {
  it('never changes the structure, whatever a variable holds', () => {
    fc.assert(
      fc.property(document, fc.string(), (value, text) => {
        const holes = JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
          typeof each === 'string' ? '${V}' : each,
        ) as unknown;
        const filled = JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
          typeof each === 'string' ? text : each,
        ) as unknown;
        const resolved = resolve(parse(holes), {
          ...merging,
          templates: new Map(),
          variables: { V: text },
          texts: new Map(),
          limits: DEFAULT_LIMITS,
        });
        expect(plainOf(resolved)).toEqual(filled);
      }),
    );
  });
});

describe('parseSubstitution', () => {
  it('leaves text without a sign as it is, and takes back what is escaped', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parts = parseSubstitution(text.replaceAll('${', () => '$${'));
        expect(parts.map((part) => (part.kind === 'text' ? part.text : part.kind)).join('')).toBe(text);
      }),
    );
  });

  it('covers the whole text without gaps', () => {
    const pieces = fc.array(
      fc.constantFrom('${A}', '${A:-b}', '${', '}', '$', '${with.x}', '${file:y}', 'text', ':', '${1}'),
    );
    fc.assert(
      fc.property(pieces, (list) => {
        const text = list.join('').replaceAll('$${', '$ ${');
        const parts = parseSubstitution(text);
        expect(parts.map((part) => (part.kind === 'text' ? part.text : text.slice(part.from, part.to))).join('')).toBe(
          text,
        );
      }),
    );
  });
});

describe('coreScalar', () => {
  it.each([
    ['23', 23],
    ['-1', -1],
    ['0x1F', 31],
    ['0o17', 15],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['true', true],
    ['False', false],
    ['null', null],
    ['~', null],
    ['', ''],
    ['yes', 'yes'],
    ['0815', 815],
    ['1_000', '1_000'],
    ['[1]', '[1]'],
    ['{a: 1}', '{a: 1}'],
    ['1.2.3', '1.2.3'],
  ])('takes %j for %j', (text, value) => expect(coreScalar(text)).toBe(value));
});
