/** What a block of fields is to a decoder: hexadecimal, as RFC 7541 writes it. */
export interface HpackExample {
  readonly section: string;
  readonly title: string;
  /** One after the other on one connection. */
  readonly blocks: readonly string[];
  /** The list of each, as the RFC has it. */
  readonly lists: readonly (readonly (readonly [string, string])[])[];
}

const WWW = 'www.example.com';
const DATES = ['Mon, 21 Oct 2013 20:13:21 GMT', 'Mon, 21 Oct 2013 20:13:22 GMT'] as const;
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';

const request = (scheme: string, path: string, ...more: readonly (readonly [string, string])[]) => [
  [':method', 'GET'] as const,
  [':scheme', scheme] as const,
  [':path', path] as const,
  [':authority', WWW] as const,
  ...more,
];
const REQUESTS = [
  request('http', '/'),
  request('http', '/', ['cache-control', 'no-cache']),
  request('https', '/index.html', ['custom-key', 'custom-value']),
];
const response = (status: string, date: string, ...more: readonly (readonly [string, string])[]) => [
  [':status', status] as const,
  ['cache-control', 'private'] as const,
  ['date', date] as const,
  ['location', 'https://www.example.com'] as const,
  ...more,
];
const RESPONSES = [
  response('302', DATES[0]),
  response('307', DATES[0]),
  response('200', DATES[1], ['content-encoding', 'gzip'], ['set-cookie', COOKIE]),
];

/** RFC 7541 App. C.3 and C.4: three requests on one connection. */
export const REQUEST_EXAMPLES: readonly HpackExample[] = [
  {
    section: 'C.3',
    title: 'requests without Huffman coding',
    blocks: [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    lists: REQUESTS,
  },
  {
    section: 'C.4',
    title: 'requests with Huffman coding',
    blocks: [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
    lists: REQUESTS,
  },
];

/** RFC 7541 App. C.5 and C.6: three responses on one connection, with a table of 256 bytes, so that entries are evicted. */
export const RESPONSE_EXAMPLES: readonly HpackExample[] = [
  {
    section: 'C.5',
    title: 'responses without Huffman coding',
    blocks: [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
       1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
       4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
       7369 6f6e 3d31`,
    ],
    lists: RESPONSES,
  },
  {
    section: 'C.6',
    title: 'responses with Huffman coding',
    blocks: [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
       97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
       cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
    lists: RESPONSES,
  },
];

/** `:method GET`, `:scheme http`, `:path /`, `:authority a`, the last one without indexing. */
export const REQUEST_START = '82 86 84 01 01 61';
const FAILS = 'the connection ends with 9';
/** Served: the fields beside those of the start. */
const served = (...fields: readonly string[]): string => `served${fields.map((field) => `; ${field}`).join('')}`;

/** Title, source in RFC 7541, what stands before the fields of the start, what behind, outcomes. */
type DecodeCase = readonly [title: string, section: string, before: string, behind: string, allowed: readonly string[]];

const TABLE_SIZE = '§4.2, §6.3';

export const DECODE_CASES: readonly DecodeCase[] = [
  [
    'a literal field with indexing',
    'C.2.1',
    '',
    '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
    [served('custom-key: custom-header')],
  ],
  [
    'a literal field that is never indexed',
    'C.2.3',
    '',
    '1008 7061 7373 776f 7264 0673 6563 7265 74',
    [served('password: secret')],
  ],
  ['an indexed name with another value', '§6.2.2', '', '0f2b 0278 79', [served('user-agent: xy')]],
  ['a field that is used again from the table', '§2.3.2', '', '4001 6101 62 be', [served('a: b, b')]],
  [
    'the same field as one entry twice in the table',
    '§2.3.2',
    '',
    '4001 6101 62 4001 6101 62 bf be',
    [served('a: b, b, b, b')],
  ],
  ['a table size of 10', `C.1.1, ${TABLE_SIZE}`, '2a', '', [served()]],
  ['a table size of 1,337, in three bytes', `C.1.2, ${TABLE_SIZE}`, '3f9a 0a', '', [served()]],
  ['two table sizes, as an encoder may that made it smaller and larger', '§4.2', '20 3fe1 1f', '', [served()]],
  ['a table size beyond what was allowed', '§6.3', '3fe2 1f', '', [FAILS]],
  ['a table size that goes beyond 32 bits', '§5.1', '3fff ffff ff7f', '', [FAILS]],
  ['a table size behind a field', '§4.2', '', '20', [FAILS]],
  ['a field that a size of 0 has evicted', '§4.3', '', '4001 6101 62', [served('a: b')]],
  ['an entry larger than the table, which empties it', '§4.4', '2a', '4001 6101 62', [served('a: b')]],
  ['an index into a table that such an entry has emptied', '§4.4', '2a', '4001 6101 62 be', [FAILS]],
  ['index 0', '§6.1', '', '80', [FAILS]],
  ['the first index behind the table', '§2.3.3', '', 'be', [FAILS]],
  ['an index far behind the table', '§2.3.3', '', 'ffff 7f', [FAILS]],
  ['an index beyond 32 bits', '§5.1', '', 'ffff ffff ffff 7f', [FAILS]],
  ['an index that is cut', '§5.1', '', 'ff', [FAILS]],
  ['an index with zeros that say nothing', '§5.1', '', '0f04 0178 0f84 8000 0178', [served('accept: x, x'), FAILS]],
  ['the name of an index behind the table', '§6.2.2', '', '0f7f 0161', [FAILS]],
  ['a name that goes beyond the block', '§5.2', '', '000a 61', [FAILS]],
  ['a value that goes beyond the block', '§5.2', '', '0001 610a 62', [FAILS]],
  ['a length of a string that is cut', '§5.2', '', '0001 617f', [FAILS]],
  ['a length of a string beyond 32 bits', '§5.1', '', '0001 617f ffff ffff ff7f', [FAILS]],
  ['a field that is cut behind its name', '§6.2', '', '0001 61', [FAILS]],
  ['Huffman: 7 bits of padding, all of them 1', '§5.2', '', '0001 6181 1f', [served('a: a')]],
  ['Huffman: padding that is 0', '§5.2', '', '0001 6181 18', [FAILS]],
  ['Huffman: 8 bits of padding', '§5.2', '', '0001 6182 1fff', [FAILS]],
  ['Huffman: 16 bits of padding', '§5.2', '', '0001 6183 1fff ff', [FAILS]],
  ['Huffman: the end-of-string symbol', '§5.2', '', '0001 6184 ffff ffff', [FAILS]],
  ['Huffman: the end-of-string symbol behind others', '§5.2', '', '0001 6185 1fff ffff ff', [FAILS]],
  ['Huffman: a symbol that is cut', '§5.2', '', '0001 6181 fe', [FAILS]],
  ['Huffman: a name and an empty value', '§5.2', '', '0081 1f80', [served('a: ')]],
  ['an empty value', '§5.2', '', '0001 6100', [served('a: ')]],
];
