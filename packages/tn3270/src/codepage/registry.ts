import { coreError, nearest, type RoundhouseError } from '@roundhouse/core';
import { tn3270Error } from '../errors.ts';
import type { CodePage } from './codePage.ts';
import { graphicLookup } from './lookup.ts';

import { CODE_PAGE_TABLES, type CodePageId } from './tables.ts';

/** A page by its names and identifiers, without its table. */
export interface CodePageEntry extends Pick<CodePage, 'aliases' | 'cgcsgid' | 'keyboardType'> {
  readonly id: CodePageId;
}

/** Graphic character set ids of IBM's registry: the high half of a CGCSGID. */
const GCSGID = {
  Latin1: 697,
  Latin1Euro: 695,
  Latin2: 959,
  Greek: 925,
  HebrewOld: 1147,
  Turkish: 1152,
  Hebrew: 1349,
  ThaiEuro: 1395,
} as const;

/**
 * The single-byte pages. Names, CGCSGIDs and keyboard types are those of the reference emulator, which announces Latin sets for the
 * Cyrillic pages (880, 1123, 1158) too.
 */
export const CODE_PAGES: readonly CodePageEntry[] = [
  { id: 'bracket', aliases: ['oldibm', 'bracket437'], cgcsgid: cgcsgid(GCSGID.Latin1, 37), keyboardType: 'USB' },
  page('037', GCSGID.Latin1, 'USB', ['37', 'cp37', 'us', 'us-intl']),
  page('273', GCSGID.Latin1, 'AGB', ['german']),
  page('275', GCSGID.Latin1, 'BRB', ['brazilian']),
  page('277', GCSGID.Latin1, 'NWB', ['norwegian']),
  page('278', GCSGID.Latin1, 'SWB', ['finnish', 'swedish']),
  page('280', GCSGID.Latin1, 'ITB', ['italian']),
  page('284', GCSGID.Latin1, 'SPB', ['spanish']),
  page('285', GCSGID.Latin1, 'UKB', ['uk']),
  page('297', GCSGID.Latin1, 'FAB', ['french']),
  page('424', GCSGID.Hebrew, 'NCB', ['hebrew']),
  page('500', GCSGID.Latin1, 'BLI', ['belgian']),
  page('803', GCSGID.HebrewOld, 'BLI', ['hebrew-old']),
  page('870', GCSGID.Latin2, 'PLB', ['polish', 'slovenian']),
  page('871', GCSGID.Latin1, 'ICB', ['icelandic']),
  page('875', GCSGID.Greek, 'GKB', ['greek']),
  page('880', GCSGID.Latin2, 'RUB', ['russian']),
  page('1026', GCSGID.Turkish, 'TKB', ['turkish']),
  page('1047', GCSGID.Latin1, 'USB', []),
  page('1123', GCSGID.Latin1, 'UAB', ['ukrainian']),
  page('1140', GCSGID.Latin1Euro, 'USB', ['us-euro']),
  page('1141', GCSGID.Latin1Euro, 'AGB', ['german-euro']),
  page('1142', GCSGID.Latin1Euro, 'NWB', ['norwegian-euro']),
  page('1143', GCSGID.Latin1Euro, 'SWB', ['finnish-euro', 'swedish-euro']),
  page('1144', GCSGID.Latin1Euro, 'ITB', ['italian-euro']),
  page('1145', GCSGID.Latin1Euro, 'SPB', ['spanish-euro']),
  page('1146', GCSGID.Latin1Euro, 'UKB', ['uk-euro']),
  page('1147', GCSGID.Latin1Euro, 'FAB', ['french-euro']),
  page('1148', GCSGID.Latin1Euro, 'BLI', ['belgian-euro']),
  page('1149', GCSGID.Latin1Euro, 'ICB', ['icelandic-euro']),
  page('1158', GCSGID.Latin1, 'UAB', ['ukrainian-euro']),
  page('1160', GCSGID.ThaiEuro, 'THB', ['thai']),
];

/** The page of a session that names none, as in the reference emulator. */
export const DEFAULT_CODE_PAGE: CodePageId = 'bracket';

/** Names of double-byte pages, to tell them from a slip of the pen. */
const DOUBLE_BYTE_PAGES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '930': 'japanese-kana',
    '933': 'korean',
    '935': 'simplified-chinese',
    '937': 'traditional-chinese',
    '939': 'japanese-latin',
    '1364': 'korean-euro',
    '1388': 'chinese-gb18030',
    '1390': 'japanese-kana-extended',
    '1399': 'japanese-latin-extended',
  }).flatMap(([id, alias]) => [id, `cp${id}`, alias].map((name) => [name, id] as const)),
);

const ENTRIES: ReadonlyMap<string, CodePageEntry> = new Map(
  CODE_PAGES.flatMap((entry) => [entry.id, ...entry.aliases].map((name) => [name, entry] as const)),
);

/** Pages built so far: a page is built when first asked for, and shared by all sessions. */
const built = new Map<CodePageId, CodePage>();

/** An error names at most this much of what was asked for. */
const MAX_NAME_SHOWN = 40;

/**
 * The page of an id or alias, in any case. The same name gives the same object.
 *
 * @throws CODE_PAGE_UNKNOWN with `suggestion`, the nearest name, where there is one; NOT_SUPPORTED for a double-byte page
 */
export function codePage(name: string): CodePage {
  const wanted = name.toLowerCase();
  const found = ENTRIES.get(wanted);
  if (found === undefined) throw refusal(wanted);
  const known = built.get(found.id);
  if (known !== undefined) return known;
  const { graphics, decodeOnly } = CODE_PAGE_TABLES[found.id];
  const fresh: CodePage = { ...found, ...graphicLookup(graphics, decodeOnly) };
  built.set(found.id, fresh);
  return fresh;
}

function refusal(wanted: string): RoundhouseError {
  const doubleByteId = DOUBLE_BYTE_PAGES.get(wanted);
  if (doubleByteId !== undefined) {
    return coreError('NOT_SUPPORTED', { details: { what: `double-byte code page ${doubleByteId}` } });
  }
  const known = CODE_PAGES.map((entry) => entry.id).join(', ');
  const details = { code_page: wanted.slice(0, MAX_NAME_SHOWN), known };
  const suggestion = nearest(wanted, ENTRIES.keys());
  if (suggestion === undefined) return tn3270Error('CODE_PAGE_UNKNOWN', { details });
  return tn3270Error('CODE_PAGE_UNKNOWN', {
    details: { ...details, suggestion },
    hint: `Did you mean ${suggestion}? Known code pages: ${known}.`,
  });
}

function page(id: CodePageId, gcsgid: number, keyboardType: string, aliases: readonly string[]): CodePageEntry {
  return { id, aliases: [`cp${id}`, ...aliases], cgcsgid: cgcsgid(gcsgid, Number(id)), keyboardType };
}

function cgcsgid(gcsgid: number, codePageNumber: number): number {
  return gcsgid * 0x1_0000 + codePageNumber;
}
