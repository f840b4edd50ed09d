import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { type SourceMapFile, sourcePlace } from './sourceMap.ts';

/** Places that are remembered: what goes wrong often does so in the same place. */
const MAX_PLACES = 1_000;

/**
 * Has stacks of errors name the source files that a bundle was made of, `folder` being a URL that ends with a slash. A
 * map is read when a stack is: at no other time does it cost anything, in time or memory.
 */
export function nameSources(folder: string): void {
  const places = new Map<string, string>();
  const placeOf = (file: string, line: number, column: number): string => {
    const bundled = `${file}:${line}:${column}`;
    const known = places.get(bundled);
    if (known !== undefined) return known;
    const place = inSource(file, line, column) ?? bundled;
    if (places.size >= MAX_PLACES) places.clear();
    places.set(bundled, place);
    return place;
  };
  Error.prepareStackTrace = (error, sites) => {
    const lines = sites.map((site) => {
      const [file, line, column] = [site.getFileName(), site.getLineNumber(), site.getColumnNumber()];
      const text = format('%s', site);
      if (!file?.startsWith(folder) || line === null || column === null) return text;
      return text.replace(`${file}:${line}:${column}`, () => placeOf(file, line, column));
    });
    return [headOf(error), ...lines].join('\n    at ');
  };
}

/** As Error.prototype.toString has it; that of a proxy or of something stranger may fail. */
function headOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return '<error>';
  }
}

function inSource(file: string, line: number, column: number): string | undefined {
  try {
    const path = fileURLToPath(file);
    const map = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapFile;
    const place = sourcePlace(map, line, column);
    return place && `${resolve(dirname(path), place.source)}:${place.line}`;
  } catch {
    // Without its map, the place in the bundle is what there is to say.
    return undefined;
  }
}
