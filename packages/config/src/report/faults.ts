import { configError, type ConfigCode } from '../errors.ts';
import { type Place, positionOf, type Source } from '../source.ts';
import { type Diagnostic, type Location, type Phase, PHASES, type RelatedPlace, type Severity } from './diagnostic.ts';
import { excerptOf, type Masks } from './excerpt.ts';

/** A fault as the phases tell it; becomes a diagnostic when all secrets are known. */
export interface Fault {
  readonly phase: Phase;
  readonly code: ConfigCode;
  readonly place: Place;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly severity?: Severity;
  readonly path?: string;
  readonly expected?: string | undefined;
  readonly suggestion?: string | undefined;
  /** In the place of the hint of the code. */
  readonly hint?: string | undefined;
  readonly related?: readonly RelatedFault[];
}

export interface RelatedFault {
  readonly message: string;
  readonly place: Place;
}

/** Related places of one diagnostic; one anchor may be used a thousand times. */
const MAX_RELATED = 4;

/** Faults that are looked at for each that is kept: the first in the text are to be shown, not the first found. */
const KEPT_PER_SHOWN = 20;

/** Collects faults: one for each place and code, bounded, in a stable order. */
export class Faults {
  readonly #limit: number;
  readonly #faults = new Map<string, Fault>();
  readonly #sources = new Map<Source, number>();
  #errors = 0;
  #dropped = 0;

  /** `limit`: how many diagnostics there are at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(fault: Fault): void {
    const { place, code } = fault;
    const what = fault.details?.['key'] ?? fault.details?.['reason'] ?? '';
    const key = JSON.stringify([this.#order(place.source), place.start, place.end, code, what]);
    const known = this.#faults.get(key);
    if (known !== undefined) {
      const related = unique([...(known.related ?? []), ...(fault.related ?? [])]);
      this.#faults.set(key, { ...known, related: related.slice(0, MAX_RELATED) });
      return;
    }
    const isError = fault.severity !== 'warning';
    if (isError) this.#errors++;
    if (this.#faults.size < this.#limit * KEPT_PER_SHOWN) this.#faults.set(key, fault);
    else if (isError) this.#dropped++;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** The first in the order of phases and places, without secrets, and how many errors there are beyond. */
  report(masksOf: () => Masks): { readonly diagnostics: Diagnostic[]; readonly omitted: number } {
    if (this.#faults.size === 0) return { diagnostics: [], omitted: 0 };
    const masks = masksOf();
    const sorted = [...this.#faults.values()]
      .map((fault) => ({ fault, rank: this.#rank(fault) }))
      .toSorted((a, b) => compare(a.rank, b.rank))
      .map(({ fault }) => fault);
    const beyond = sorted.slice(this.#limit).filter(({ severity }) => severity !== 'warning').length;
    return {
      diagnostics: sorted.slice(0, this.#limit).map((fault) => diagnosticOf(fault, masks)),
      omitted: beyond + this.#dropped,
    };
  }

  #rank({ phase, place, code }: Fault): readonly (number | string)[] {
    return [PHASES.indexOf(phase), this.#order(place.source), place.start, place.end, code];
  }

  /** Sources in the order in which they had their first fault. */
  #order(source: Source): number {
    const known = this.#sources.get(source) ?? this.#sources.size;
    this.#sources.set(source, known);
    return known;
  }
}

function diagnosticOf(fault: Fault, masks: Masks): Diagnostic {
  const { message, hint } = configError(fault.code, {
    details: fault.details ?? {},
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
  });
  return {
    severity: fault.severity ?? 'error',
    phase: fault.phase,
    code: fault.code,
    message,
    path: fault.path ?? '',
    ...locationOf(fault.place, masks),
    hint,
    ...(fault.expected === undefined ? {} : { expected: fault.expected }),
    ...(fault.suggestion === undefined ? {} : { suggestion: fault.suggestion }),
    related: unique(fault.related ?? [])
      .slice(0, MAX_RELATED)
      .map(({ message: what, place }): RelatedPlace => ({ message: what, ...locationOf(place, masks) })),
  };
}

function locationOf(place: Place, masks: Masks): Location {
  const { source } = place;
  if (source.text === undefined) return { file: source.name };
  const start = positionOf(source, place.start);
  const end = positionOf(source, Math.max(place.start, place.end));
  return {
    file: source.name,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    excerpt: excerptOf(place, start.line, masks),
  };
}

function unique(related: readonly RelatedFault[]): readonly RelatedFault[] {
  return related.filter(
    (one, index) =>
      related.findIndex(
        (other) =>
          other.message === one.message &&
          other.place.source === one.place.source &&
          other.place.start === one.place.start,
      ) === index,
  );
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] as number | string;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
