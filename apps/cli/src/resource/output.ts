import type { Output } from '../io.ts';
import { alignedLine, cellText, columnWidths, escapeControls, writeJson, writeJsonLine } from '../render.ts';
import { csvLine } from './csv.ts';
import { type AnyKind, type AnyResource, type View, viewOf } from './views.ts';

export const OUTPUT_FORMATS = ['table', 'wide', 'yaml', 'json', 'csv', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Writes resources of one kind. */
export interface ResourceWriter {
  /** All that were asked for, once; `isOne`: one was, by its id. */
  all(resources: readonly AnyResource[], isOne: boolean): void;
  /** One that has changed since. */
  changed(resource: AnyResource): void;
  /** One that is no more. */
  gone(id: string): void;
}

export async function createWriter(kind: AnyKind, format: OutputFormat, output: Output): Promise<ResourceWriter> {
  switch (format) {
    case 'table':
    case 'wide':
      return new TableWriter(kind, format === 'wide', output);
    case 'json':
      return new JsonWriter(output);
    case 'yaml': {
      const { stringify } = await import('yaml');
      return new YamlWriter(kind, (value) => escapeControls(stringify(value, { lineWidth: 0 })), output);
    }
    case 'csv':
      return new CsvWriter(kind, output);
    case 'name':
      return new NameWriter(output);
  }
}

class TableWriter implements ResourceWriter {
  readonly #kind: AnyKind;
  readonly #view: View<AnyResource>;
  readonly #output: Output;
  #widths: readonly number[] = [];

  constructor(kind: AnyKind, isWide: boolean, output: Output) {
    const view = viewOf(kind.name);
    this.#kind = kind;
    this.#view = { ...view, columns: view.columns.filter((column) => isWide || column.isWide !== true) };
    this.#output = output;
  }

  all(resources: readonly AnyResource[]): void {
    const head = this.#view.columns.map((column) => column.head);
    const rows = resources.map((each) => this.#row(each));
    this.#widths = columnWidths([head, ...rows]);
    if (rows.length === 0) this.#output.write(`There are no ${this.#kind.many}. ${this.#view.begin}\n`);
    else for (const row of [head, ...rows]) this.#output.write(alignedLine(row, this.#widths));
  }

  changed(resource: AnyResource): void {
    this.#output.write(alignedLine(this.#row(resource), this.#widths));
  }

  gone(id: string): void {
    this.#output.write(alignedLine([id, 'removed'], this.#widths));
  }

  #row(resource: AnyResource): string[] {
    return this.#view.columns.map(({ value }) => cellText(value(resource)));
  }
}

/** The answer of the API; later changes one a line. */
class JsonWriter implements ResourceWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  all(resources: readonly AnyResource[], isOne: boolean): void {
    writeJson(this.#output, isOne ? resources[0] : { items: resources, next_cursor: null });
  }

  changed(resource: AnyResource): void {
    writeJsonLine(this.#output, resource);
  }

  gone(id: string): void {
    writeJsonLine(this.#output, { removed: id });
  }
}

class YamlWriter implements ResourceWriter {
  readonly #kind: AnyKind;
  readonly #stringify: (value: unknown) => string;
  readonly #output: Output;

  constructor(kind: AnyKind, stringify: (value: unknown) => string, output: Output) {
    this.#kind = kind;
    this.#stringify = stringify;
    this.#output = output;
  }

  all(resources: readonly AnyResource[], isOne: boolean): void {
    this.#output.write(this.#stringify(isOne ? resources[0] : { [this.#kind.collection]: resources }));
  }

  changed(resource: AnyResource): void {
    this.#output.write(`---\n${this.#stringify(resource)}`);
  }

  gone(id: string): void {
    this.#output.write(`---\n${this.#stringify({ removed: id })}`);
  }
}

/** A column for each field that the kind has. */
class CsvWriter implements ResourceWriter {
  readonly #fields: readonly string[];
  readonly #output: Output;

  constructor(kind: AnyKind, output: Output) {
    this.#fields = Object.keys(kind.resource.shape);
    this.#output = output;
  }

  all(resources: readonly AnyResource[]): void {
    this.#output.write(csvLine(this.#fields));
    for (const each of resources) this.changed(each);
  }

  changed(resource: AnyResource): void {
    const record: Readonly<Record<string, unknown>> = resource;
    this.#output.write(csvLine(this.#fields.map((name) => record[name])));
  }

  gone(id: string): void {
    this.#output.write(csvLine(this.#fields.map((name) => (name === 'id' ? id : null))));
  }
}

/** Ids, for other commands to take. */
class NameWriter implements ResourceWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  all(resources: readonly AnyResource[]): void {
    for (const each of resources) this.changed(each);
  }

  changed({ id }: AnyResource): void {
    this.#output.write(`${id}\n`);
  }

  gone(id: string): void {
    this.#output.write(`${id}\n`);
  }
}
