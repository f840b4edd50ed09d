import { nearest } from '@roundhouse/core';
import type { Limits } from '../limits.ts';
import {
  type ConfigNode,
  extentOf,
  kindName,
  mapItems,
  mapValues,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  textOf,
  withPassage,
} from '../node.ts';
import { formatPath } from '../path.ts';
import type { Fault } from '../report/faults.ts';
import type { Place } from '../source.ts';
import { type KeyOf, type Merging, mergeWhole } from './merge.ts';
import { type Part, parseSubstitution } from './substitution.ts';
import { bind, type Template, unknownTemplate } from './templates.ts';
import { type FileTexts, fileRequest } from './valueFiles.ts';

export interface Resolving extends Merging {
  readonly keyOf: KeyOf;
  readonly templates: ReadonlyMap<string, Template>;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly texts: FileTexts;
  readonly limits: Limits;
}

type Bindings = ReadonlyMap<string, ConfigNode>;

/**
 * Puts templates in the place of `use`, and values in the place of `${…}`. Each scalar is read once: what comes from
 * outside is never looked at again, and never becomes a map or a list.
 */
export function resolve(root: MapNode, resolving: Resolving): MapNode {
  return new Resolution(resolving).map(root, undefined, []);
}

class Resolution {
  readonly #with: Resolving;
  /** The way to the node that is looked at. */
  readonly #path: (string | number)[] = [];
  #nodes = 0;
  #isOverSize = false;

  constructor(resolving: Resolving) {
    this.#with = resolving;
  }

  /** `chain`: the templates that are being used around this node. */
  node(node: ConfigNode, bindings: Bindings | undefined, chain: readonly string[]): ConfigNode {
    if (++this.#nodes > this.#with.limits.maxNodes) {
      if (!this.#isOverSize) this.#tell('CONFIG_SIZE', node.place, { limit: this.#with.limits.maxNodes });
      this.#isOverSize = true;
      return broken(node.place);
    }
    if (node.kind === 'scalar') return this.#scalar(node, bindings);
    if (node.kind === 'list') return mapItems(node, (item, index) => this.#child(item, index, bindings, chain));
    return this.map(node, bindings, chain);
  }

  map(node: MapNode, bindings: Bindings | undefined, chain: readonly string[]): MapNode {
    const use = node.entries.get('use');
    const own = mapValues(node, (value, key) => (key === 'use' ? value : this.#child(value, key, bindings, chain)));
    if (use === undefined) return own;
    const entries = new Map(own.entries);
    entries.delete('use');
    return this.#use({ ...own, entries }, use, bindings, chain);
  }

  #child(
    child: ConfigNode,
    part: string | number,
    bindings: Bindings | undefined,
    chain: readonly string[],
  ): ConfigNode {
    this.#path.push(part);
    const resolved = this.node(child, bindings, chain);
    this.#path.pop();
    return resolved;
  }

  /** The map with the template below it: what the map says itself is stronger. */
  #use(own: MapNode, use: MapEntry, bindings: Bindings | undefined, chain: readonly string[]): MapNode {
    const { faults, templates } = this.#with;
    const request = this.#request(use.value);
    if (request === undefined) return { ...own, isBroken: true };
    const { name, place } = request;
    const template = templates.get(name);
    if (template === undefined) {
      unknownTemplate(faults, name, place, templates.keys());
      return { ...own, isBroken: true };
    }
    if (template.isFaulty) return { ...own, isBroken: true };
    if (chain.includes(name)) {
      this.#tell('CONFIG_CYCLE', place, { what: `Template \`${name}\``, chain: [...chain, name].join(' → ') });
      return { ...own, isBroken: true };
    }
    const { maxDepth } = this.#with.limits;
    // Templates that use templates may nest deeper than any file.
    if (chain.length >= maxDepth || this.#path.length + extentOf(template.body).height > maxDepth) {
      this.#tell('CONFIG_DEPTH', place, { limit: maxDepth });
      return { ...own, isBroken: true };
    }
    const given = request.given === undefined ? undefined : this.map(request.given, bindings, chain);
    // Defaults of parameters may name variables themselves.
    const fallback = (node: ConfigNode): ConfigNode => this.node(node, undefined, []);
    const bound = bind(template, given, fallback, place, faults);
    const below = this.map(template.body, bound, [...chain, name]);
    const passage = { how: 'template', name, place } as const;
    const used = mapValues(below, (value) => withPassage(value, passage));
    const merged = mergeWhole(used, own, this.#path, this.#with);
    // What is written here is read first.
    const ordered = new Map<string, MapEntry>();
    for (const key of [...own.entries.keys(), ...merged.entries.keys()]) {
      const entry = merged.entries.get(key);
      if (entry !== undefined) ordered.set(key, entry);
    }
    return {
      ...merged,
      entries: ordered,
      place: own.place,
      ...(own.shadowed === undefined ? {} : { shadowed: own.shadowed }),
    };
  }

  #request(
    value: ConfigNode,
  ): { readonly name: string; readonly place: Place; readonly given: MapNode | undefined } | undefined {
    const short = textOf(value);
    if (short !== undefined) return { name: short, place: value.place, given: undefined };
    const reason = '`use` takes the name of a template, or `template` and `with`';
    if (value.kind !== 'map') {
      if (value.isBroken !== true) this.#tell('CONFIG_TEMPLATE', value.place, { reason });
      return undefined;
    }
    for (const [key, entry] of value.entries) {
      if (key === 'template' || key === 'with') continue;
      const suggestion = nearest(key, ['template', 'with']);
      this.#tell('CONFIG_TEMPLATE', entry.keyPlace, { reason: `\`use\` has no \`${key}\`` }, suggestion);
    }
    const template = value.entries.get('template')?.value;
    const name = textOf(template);
    const given = value.entries.get('with')?.value;
    if (template === undefined || name === undefined) {
      this.#tell('CONFIG_TEMPLATE', template?.place ?? value.place, { reason });
      return undefined;
    }
    if (given !== undefined && given.kind !== 'map') {
      this.#tell('CONFIG_TEMPLATE', given.place, { reason: `\`with\` must be a map, not ${kindName(given)}` });
      return undefined;
    }
    return { name, place: template.place, given };
  }

  #scalar(node: ScalarNode, bindings: Bindings | undefined): ConfigNode {
    if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
    const parts = parseSubstitution(node.value);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && only.kind !== 'text') {
      const value = this.#fill(only, node, bindings);
      if (value === undefined) return broken(node.place);
      if (typeof value !== 'string') return value;
      return { ...node, value, isInjected: true };
    }
    let text = '';
    for (const part of parts) {
      if (part.kind === 'text') {
        text += part.text;
        continue;
      }
      const value = this.#fill(part, node, bindings);
      if (value === undefined || (typeof value !== 'string' && value.isBroken === true)) return broken(node.place);
      if (typeof value === 'string') text += value;
      else if (value.kind === 'scalar') text += value.value === null ? '' : String(value.value);
      else {
        this.#tellHole(part, node, `${capital(kindName(value))} cannot stand within a text`);
        return broken(node.place);
      }
    }
    return { ...node, value: text };
  }

  #fill(
    part: Exclude<Part, { kind: 'text' }>,
    node: ScalarNode,
    bindings: Bindings | undefined,
  ): string | ConfigNode | undefined {
    switch (part.kind) {
      case 'fault':
        return this.#tellHole(part, node, part.reason);
      case 'variable':
        return this.#variable(part, node);
      case 'file': {
        const found = this.#with.texts.get(fileRequest(part.file, node.place.source));
        if (found === undefined || 'text' in found) return found?.text;
        this.#with.faults.add({
          phase: 'composition',
          ...found,
          place: holePlace(part, node),
          path: formatPath(this.#path),
        });
        return undefined;
      }
      case 'parameter': {
        const value = bindings?.get(part.name);
        if (value !== undefined) {
          // A parameter may be a tree: used over and over it must not grow without end.
          const { size, height } = extentOf(value);
          this.#nodes += size;
          if (this.#path.length + height <= this.#with.limits.maxDepth) return value;
          this.#tell('CONFIG_DEPTH', holePlace(part, node), { limit: this.#with.limits.maxDepth });
          return undefined;
        }
        const reason =
          bindings === undefined ? 'There are no parameters outside templates' : `No parameter \`${part.name}\``;
        return this.#tellHole(
          part,
          node,
          reason,
          bindings === undefined ? undefined : nearest(part.name, bindings.keys()),
        );
      }
    }
  }

  #variable(part: Extract<Part, { kind: 'variable' }>, node: ScalarNode): string | undefined {
    const { name, fallback, demand } = part;
    const value = this.#with.variables[name];
    // As in a shell, `:-` and `:?` take an empty variable for an unset one.
    if (value !== undefined && (value !== '' || (fallback === undefined && demand === undefined))) return value;
    if (fallback !== undefined) return fallback;
    const reason =
      demand !== undefined && demand !== ''
        ? `The environment variable \`${name}\` is not set: ${demand}`
        : `The environment variable \`${name}\` is not set`;
    const suggestion = value === undefined ? nearest(name, Object.keys(this.#with.variables)) : undefined;
    this.#tell(
      'CONFIG_VARIABLE_UNSET',
      holePlace(part, node),
      { reason, variable: name },
      suggestion === undefined ? undefined : `\${${suggestion}}`,
    );
    return undefined;
  }

  #tellHole(part: Exclude<Part, { kind: 'text' }>, node: ScalarNode, reason: string, suggestion?: string): undefined {
    this.#tell(
      'CONFIG_SUBSTITUTION',
      holePlace(part, node),
      { reason },
      suggestion === undefined ? undefined : `\${with.${suggestion}}`,
    );
  }

  #tell(code: Fault['code'], place: Place, details: Readonly<Record<string, unknown>>, suggestion?: string): void {
    this.#with.faults.add({ phase: 'composition', code, place, path: formatPath(this.#path), details, suggestion });
  }
}

function broken(place: Place): ScalarNode {
  return { kind: 'scalar', place, value: null, isBroken: true };
}

/** The hole itself where the text stands in the source as it is read, the whole scalar otherwise. */
function holePlace(part: { readonly from: number; readonly to: number }, node: ScalarNode): Place {
  const { source, start, end } = node.place;
  const hole = String(node.value).slice(part.from, part.to);
  const at = source.text?.slice(start, end).indexOf(hole) ?? -1;
  return at === -1 ? node.place : { source, start: start + at, end: start + at + hole.length };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
