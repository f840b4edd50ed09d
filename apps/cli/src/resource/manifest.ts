import {
  configurationFileSchema,
  type FieldProblem,
  RESOURCE_KIND_NAMES,
  RESOURCE_KINDS,
  type ResourceKind,
  type ResourceKindName,
  validate,
} from '@roundhouse/api';
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import { cliError } from '../errors.ts';
import { readText } from '../input.ts';
import type { Io } from '../io.ts';
import { circleOf } from './circle.ts';
import type { Fields } from './fields.ts';
import { idsNamed } from './references.ts';

/** A resource as a manifest wants it. */
export interface Wanted {
  readonly kind: ResourceKindName;
  readonly id: string;
  readonly input: Fields;
  /** `file:line`. */
  readonly where: string;
}

type Section = (typeof RESOURCE_KINDS)[ResourceKindName]['collection'] & keyof typeof configurationFileSchema.shape;

/** The sections of a configuration file that are lists of resources. */
const KIND_BY_SECTION = new Map<string, ResourceKindName>(
  RESOURCE_KIND_NAMES.map((kind) => [RESOURCE_KINDS[kind].collection, kind] as const).filter(
    ([section]) => section in configurationFileSchema.shape,
  ),
);

const manifestSchema = configurationFileSchema.pick(
  Object.fromEntries([...KIND_BY_SECTION.keys()].map((section) => [section, true])) as { [_ in Section]: true },
);

/** Sections that a configuration file may have. */
const FILE_SECTIONS = new Set([...Object.keys(configurationFileSchema.shape), 'authentication']);

/** A fault in a file, as an error lists it. */
type Fault = Pick<FieldProblem, 'pointer' | 'detail'>;

/**
 * All resources of some files (`-` is standard input), each behind those that it refers to. Raises MANIFEST_INVALID with
 * every fault and its place, ARGUMENT_INVALID for a file that cannot be read.
 */
export async function readManifests(files: readonly string[], io: Io): Promise<readonly Wanted[]> {
  const faults: Fault[] = [];
  const wanted = new Map<string, Wanted>();
  for (const file of files) {
    const manifest = parseManifest(nameOf(file), await readText(file, io));
    faults.push(...manifest.faults);
    for (const each of manifest.wanted) {
      const key = keyOf(each.kind, each.id);
      const other = wanted.get(key);
      if (other === undefined) wanted.set(key, each);
      else faults.push({ pointer: each.where, detail: `${key} stands at ${other.where} already` });
    }
  }
  if (faults.length === 0 && wanted.size === 0) {
    faults.push({
      pointer: files.map(nameOf).join(', '),
      detail: `Expected ${[...KIND_BY_SECTION.keys()].join(', ')}`,
    });
  }
  const circle = circleOf([...wanted.values()]);
  if (circle !== undefined) {
    const path = [...circle, ...circle.slice(0, 1)].map(({ id }) => id).join(' → ');
    faults.push({
      pointer: circle[0]?.where ?? '',
      detail: `The dependencies of these workers close a cycle: ${path}`,
    });
  }
  if (faults.length > 0) throw invalid(faults);
  return inOrder([...wanted.values()]);
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

interface Manifest {
  readonly wanted: readonly Wanted[];
  readonly faults: readonly Fault[];
}

function parseManifest(name: string, text: string): Manifest {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const manifests = [...documents].map((document) => readDocument(document, lines, name));
  return { wanted: manifests.flatMap((each) => each.wanted), faults: manifests.flatMap((each) => each.faults) };
}

function readDocument(document: Document.Parsed, lines: LineCounter, name: string): Manifest {
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return { wanted: [], faults: document.errors.map((error) => syntaxFault(error, place)) };
  }
  const content: unknown = toJs(document);
  if (content === null) return { wanted: [], faults: [] };
  const checked = validate(manifestSchema, content, 'body');
  if (!checked.ok) {
    const faults = checked.errors.map((error) => {
      const path = pathOf(error.pointer);
      return {
        pointer: `${place(offsetOf(document, path))} ${error.pointer}`.trimEnd(),
        detail: elsewhere(path) ?? error.detail,
      };
    });
    return { wanted: [], faults };
  }
  const wanted = Object.entries(checked.value).flatMap(([section, items]) =>
    (items as readonly Fields[]).map((input, index) => ({
      kind: KIND_BY_SECTION.get(section) as ResourceKindName,
      id: input['id'] as string,
      input,
      where: place(offsetOf(document, [section, index])),
    })),
  );
  return { wanted, faults: [] };
}

/** Aliases that would grow beyond measure are refused by the parser; so they are a fault of the file. */
function toJs(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw invalid([{ pointer: '/', detail: cause.message }], cause);
  }
}

function invalid(errors: readonly Fault[], cause?: unknown): Error {
  return cliError('MANIFEST_INVALID', { details: { errors }, cause });
}

function syntaxFault({ message, pos }: YAMLError, place: (offset: number) => string): Fault {
  return { pointer: place(pos[0]), detail: message };
}

/** Of a section that is none of a manifest, but of a configuration file. */
function elsewhere([section, ...rest]: readonly string[]): string | undefined {
  if (rest.length > 0 || section === undefined || !FILE_SECTIONS.has(section) || KIND_BY_SECTION.has(section)) {
    return undefined;
  }
  return 'It stands in the configuration file of the server only';
}

function pathOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Where the deepest part of a path begins that there is: a key rather than its value. */
function offsetOf(document: Document.Parsed, path: ReadonlyArray<string | number>): number {
  let offset = document.contents?.range?.[0] ?? 0;
  for (let depth = 1; depth <= path.length; depth++) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const name = path[depth - 1];
    const key = isMap(parent)
      ? parent.items.map((pair) => pair.key).find((each) => isScalar(each) && String(each.value) === name)
      : document.getIn(path.slice(0, depth), true);
    const range = (key as { readonly range?: readonly number[] | null } | undefined)?.range;
    if (range === undefined || range === null) break;
    offset = range[0] as number;
  }
  return offset;
}

/** Kind by kind as they may refer to each other, and depth first by what each refers to. */
export function inOrder(wanted: readonly Wanted[]): readonly Wanted[] {
  const byKey = new Map(wanted.map((each) => [keyOf(each.kind, each.id), each]));
  const ranked = wanted.toSorted((a, b) => RESOURCE_KIND_NAMES.indexOf(a.kind) - RESOURCE_KIND_NAMES.indexOf(b.kind));
  const done = new Set<Wanted>();
  const ordered: Wanted[] = [];
  const visit = (each: Wanted): void => {
    if (done.has(each)) return;
    done.add(each);
    for (const key of namedBy(RESOURCE_KINDS[each.kind], each.input)) {
      const other = byKey.get(key);
      if (other !== undefined) visit(other);
    }
    ordered.push(each);
  };
  for (const each of ranked) visit(each);
  return ordered;
}

function namedBy({ references = [] }: ResourceKind, input: Fields): readonly string[] {
  return references.flatMap((reference) => idsNamed(reference, input).map((id) => keyOf(reference.kind, id)));
}

function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}
