#!/usr/bin/env node
/**
 * Verifies an audit journal, alone: this one file and Node.js (20.19 or later; 22.15 for archives) are all it takes. It
 * shares no code with what writes journals, on purpose; docs/audit.md has the format. What it needs is public: no key
 * opens anything here.
 */
import { createPublicKey, hash, type KeyObject, verify as verifySignature } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as zlib from 'node:zlib';

export const EXIT_CODES = {
  intact: 0,
  truncated: 10,
  altered: 11,
  disordered: 12,
  untrusted: 13,
  pruned: 14,
} as const;
export type Verdict = keyof typeof EXIT_CODES;
const USAGE_EXIT = 2;
const UNREADABLE_EXIT = 3;

/** The first thing that is wrong, and where. */
export interface Fault {
  readonly verdict: Verdict;
  readonly what: string;
  /** Name of the file in the directory. */
  readonly file?: string;
  readonly offset?: number;
  readonly seq?: number;
}

export interface Report {
  readonly verdict: Verdict;
  readonly fault?: Fault;
  readonly journal?: string;
  /** The key of the first epoch: compare it with what you were given when the journal began. */
  readonly public_key?: string;
  readonly first_seq: number;
  /** Records there have ever been. */
  readonly size: number;
  /** Of those, how many the newest checkpoint vouches for. */
  readonly signed_size: number;
  readonly segments: number;
  /** Of those, how many were read from the archive. */
  readonly archived: number;
  readonly notes: readonly string[];
}

export interface VerifyOptions {
  /** Public key of the first epoch, `roundhouse/JOURNAL+ID+KEY`. Without it, that of the journal is believed. */
  readonly key?: string;
  /** Texts with checkpoints that were kept elsewhere. */
  readonly checkpoints?: readonly string[];
  /** The archive of this journal: what was moved there is verified with the rest. */
  readonly archive?: Files;
}

/** A directory; the bytes that are read may be changed on the way. */
export interface Files {
  readonly names: ReadonlySet<string>;
  readonly read: (name: string) => Buffer;
}

class Broken extends Error {
  readonly fault: Fault;
  constructor(verdict: Verdict, what: string, place: Omit<Fault, 'verdict' | 'what'> = {}) {
    super(what);
    this.fault = { verdict, what, ...place };
  }
}

// ---- Merkle tree: RFC 6962 §2.1, verification as in RFC 9162 §2.1.3.2 and §2.1.4.2

const pair = Buffer.alloc(65, 1);

/** By way of a text: Node takes twice as long to give it as bytes. */
function sha256(data: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1');
}

function nodeOf(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

function leafOf(data: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.of(0), data]));
}

/** The root that a path from a leaf leads to; undefined when it has not the length of one. */
export function inclusionRoot(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  let [fn, sn] = [BigInt(index), BigInt(size) - 1n];
  if (fn > sn) return undefined;
  let root = leaf;
  for (const step of path) {
    if (sn === 0n) return undefined;
    if (fn % 2n === 1n || fn === sn) {
      root = nodeOf(step, root);
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      root = nodeOf(root, step);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n ? root : undefined;
}

/** Both roots that a consistency path leads to; undefined when it has not the length of one. */
export function consistencyRoots(
  older: number,
  newer: number,
  olderRoot: Buffer,
  path: readonly Buffer[],
): { older: Buffer; newer: Buffer } | undefined {
  if (older === newer) return path.length === 0 ? { older: olderRoot, newer: olderRoot } : undefined;
  let [fn, sn] = [BigInt(older) - 1n, BigInt(newer) - 1n];
  while (fn % 2n === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  const [first, ...rest] = fn === 0n ? [olderRoot, ...path] : path;
  if (first === undefined) return undefined;
  let [left, right] = [first, first];
  for (const step of rest) {
    if (sn === 0n) return undefined;
    if (fn % 2n === 1n || fn === sn) {
      [left, right] = [nodeOf(step, left), nodeOf(step, right)];
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      right = nodeOf(right, step);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n ? { older: left, newer: right } : undefined;
}

/** The roots of the complete subtrees of a tree that grows, the largest first. */
class Subtrees {
  readonly roots: { readonly level: number; readonly hash: Buffer }[] = [];
  /** Those of 1,024 leaves that were completed here, by their place. */
  readonly tiles = new Map<number, Buffer>();
  size = 0;

  add(leaf: Buffer): void {
    let [level, node] = [0, leaf];
    for (let last = this.roots.at(-1); last?.level === level; last = this.roots.at(-1)) {
      node = nodeOf(last.hash, node);
      this.roots.pop();
      level++;
      if (level === 10) this.tiles.set(Math.floor(this.size / 1_024), node);
    }
    this.roots.push({ level, hash: node });
    this.size++;
  }

  root(): Buffer {
    const hashes = this.roots.map((each) => each.hash);
    return hashes.length === 0 ? sha256(new Uint8Array(0)) : hashes.reduceRight((right, left) => nodeOf(left, right));
  }
}

// ---- Signed notes: c2sp.org/signed-note, Ed25519 alone

interface Note {
  readonly text: string;
  readonly name: string;
  readonly keyId: string;
  readonly signature: Buffer;
  readonly offset: number;
}

interface Key {
  readonly name: string;
  readonly keyId: string;
  readonly key: KeyObject;
}

const NOTE = /((?:[^\n]+\n)+)\n— (\S+) ([A-Za-z0-9+/]{91}=)\n\n?/y;

/** The notes of a file, an empty line behind each; anything else in it is a fault. */
function parseNotes(bytes: Uint8Array, file: string): Note[] {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Broken('altered', 'it is not text', { file });
  }
  const notes: Note[] = [];
  for (let at = 0; at < source.length; ) {
    NOTE.lastIndex = at;
    const match = NOTE.exec(source);
    const offset = Buffer.byteLength(source.slice(0, at));
    const [whole = '', text = '', name = '', encoded = ''] = match ?? [];
    const signed = Buffer.from(encoded, 'base64');
    const isLast = at + whole.length >= source.length;
    const isWhole = whole.endsWith('\n\n') || (isLast && whole !== '');
    if (!isWhole || signed.toString('base64') !== encoded) {
      const isTorn = match === null && !/\n\n[^\n]*\n\n/.test(source.slice(at));
      throw new Broken(isTorn ? 'truncated' : 'altered', 'what stands there is no signed note', { file, offset });
    }
    notes.push({ text, name, keyId: signed.toString('hex', 0, 4), signature: signed.subarray(4), offset });
    at += whole.length;
  }
  return notes;
}

function parseKey(text: string): Key | undefined {
  const [, name, keyId, encoded = ''] = /^([^\s+]+)\+([\da-f]{8})\+([A-Za-z\d+/]{44})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (name === undefined || keyId === undefined || bytes.toString('base64') !== encoded || bytes[0] !== 1)
    return undefined;
  const expected = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes]), 'hex').slice(0, 8);
  if (expected !== keyId) return undefined;
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { name, keyId, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

function isSignedBy(note: Note, { name, keyId, key }: Key): boolean {
  return (
    note.name === name && note.keyId === keyId && verifySignature(null, Buffer.from(note.text), key, note.signature)
  );
}

// ---- Keys and checkpoints

interface Epoch {
  readonly key: Key;
  /** The tree when it began: what came before is for the keys before it to sign. */
  readonly size: number;
  readonly root: string;
}

interface Signed {
  readonly size: number;
  readonly root: string;
  /** Of a checkpoint: the chain behind the last record. */
  readonly chain?: string;
  readonly file: string;
  readonly offset: number;
}

const HASH = '([A-Za-z\\d+/]{43}=)';
const SIZE = '(0|[1-9]\\d{0,15})';
const TIME = 'time (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z)';
const KEY_TEXT = new RegExp(
  `^roundhouse/([A-Z\\d]{26})/keys\\n${SIZE}\\n${HASH}\\nepoch ${SIZE}\\nkey (\\S+)\\n${TIME}\\n$`,
);
const CHECKPOINT_TEXT = new RegExp(
  `^roundhouse/([A-Z\\d]{26})\\n${SIZE}\\n${HASH}\\nchain ${HASH}\\nepoch ${SIZE}\\n${TIME}\\n$`,
);

interface Keys {
  readonly journal: string;
  readonly publicKey: string;
  readonly epochs: readonly Epoch[];
}

/** The chain of keys: each is signed by the one before it, the first by itself. */
function parseKeys(bytes: Uint8Array, pinned: string | undefined): Keys {
  const file = 'keys';
  const epochs: Epoch[] = [];
  let journal = '';
  let publicKey = '';
  for (const note of parseNotes(bytes, file)) {
    const place = { file, offset: note.offset };
    const [, origin = '', size = '', root = '', epoch = '', text = ''] = KEY_TEXT.exec(note.text) ?? [];
    const key = parseKey(text);
    if (key === undefined) throw new Broken('untrusted', 'it names no key', place);
    if (epochs.length === 0) [journal, publicKey] = [origin, text];
    if (pinned !== undefined && publicKey !== pinned) {
      throw new Broken('untrusted', `the journal begins with another key: ${publicKey}`, place);
    }
    const last = epochs.at(-1);
    if (Number(epoch) !== epochs.length || Number(size) < (last?.size ?? 0)) {
      throw new Broken('disordered', 'this key does not follow the one before it', place);
    }
    if (origin !== journal || key.name !== `roundhouse/${journal}` || !isSignedBy(note, last?.key ?? key)) {
      throw new Broken('untrusted', `the key of epoch ${epoch} is not signed by the one before it`, place);
    }
    epochs.push({ key, size: Number(size), root });
  }
  if (epochs.length === 0) throw new Broken('untrusted', 'it has no keys', { file });
  return { journal, publicKey, epochs };
}

/** Checkpoints, each signed by the key that was in force at its size: not by one that came later. */
function parseCheckpoints(bytes: Uint8Array, file: string, { journal, epochs }: Keys): Signed[] {
  return parseNotes(bytes, file).map((note) => {
    const place = { file, offset: note.offset };
    const [, origin, sizeText, root = '', chain = '', epochText] = CHECKPOINT_TEXT.exec(note.text) ?? [];
    if (origin === undefined) throw new Broken('altered', 'it is no checkpoint', place);
    const [size, number] = [Number(sizeText), Number(epochText)];
    const epoch = epochs[number];
    if (origin !== journal || epoch === undefined || !isSignedBy(note, epoch.key)) {
      throw new Broken(
        'untrusted',
        `the checkpoint of ${size} records is not signed by the key of epoch ${number}`,
        place,
      );
    }
    const end = epochs[number + 1]?.size ?? Infinity;
    if (size < epoch.size || size > end) {
      const what = `the checkpoint of ${size} records is signed by the key of epoch ${number}, which was not in force then`;
      throw new Broken('untrusted', what, place);
    }
    return { size, root, chain, ...place };
  });
}

// ---- Segments

interface Header {
  readonly journal: string;
  readonly segment: number;
  readonly first_seq: number;
  readonly previous_chain: string;
  readonly record_chain: string;
  readonly root: string;
  readonly range: readonly string[];
  readonly seal?: { readonly cipher: string; readonly key_digest: string };
}

interface Pruned {
  readonly last_segment: number;
  readonly next_seq: number;
  readonly chain: string;
  readonly root: string;
}

const HASH_BYTES = 32;
const HEAD_BYTES = 13;
const MAX_BODY_BYTES = 131_072;
const LEAF_ENTRY_BYTES = 40;
const ZEROS = Buffer.alloc(HASH_BYTES);

/** Walks the records from the first that is kept to the last, and compares with all that is signed on the way. */
class Walk {
  readonly tree = new Subtrees();
  chain: Buffer = ZEROS;
  recordChain: Buffer = ZEROS;
  readonly #signed: readonly Signed[];
  #compared = 0;

  constructor(signed: readonly Signed[]) {
    this.#signed = signed.toSorted((a, b) => a.size - b.size);
  }

  /** Goes on behind what was removed; what was signed of that can no longer be compared. */
  resume(header: Header): void {
    let rest = header.first_seq;
    for (const root of header.range) {
      const level = Math.floor(Math.log2(rest));
      this.tree.roots.push({ level, hash: Buffer.from(root, 'base64') });
      rest -= 2 ** level;
    }
    this.tree.size = header.first_seq;
    [this.chain, this.recordChain] = [header.previous_chain, header.record_chain].map((text) =>
      Buffer.from(text, 'base64'),
    ) as [Buffer, Buffer];
    while ((this.#signed[this.#compared]?.size ?? Infinity) < header.first_seq) this.#compared++;
  }

  compare(): void {
    for (
      let next = this.#signed[this.#compared];
      next?.size === this.tree.size;
      next = this.#signed[++this.#compared]
    ) {
      const { size, root, chain, file, offset } = next;
      const place = { file, offset, seq: size - 1 };
      if (this.tree.root().toString('base64') !== root) {
        throw new Broken('altered', `the first ${size} records are not those that were signed`, place);
      }
      if (chain !== undefined && chain !== this.recordChain.toString('base64')) {
        throw new Broken('altered', `the chain of the first ${size} records is not the one that was signed`, place);
      }
    }
  }

  /** What is signed, and not there. */
  missing(): Signed | undefined {
    return this.#signed[this.#compared];
  }
}

function parseHeader(bytes: Buffer, file: string): { header: Header; length: number; digest: Buffer } {
  const textEnd = bytes.length < 9 ? Infinity : 9 + bytes.readUInt32BE(5);
  const isOurs = bytes.subarray(0, 4).toString('latin1') === 'RHAS' && bytes[4] === 1;
  if (bytes.length >= 5 && !isOurs)
    throw new Broken('altered', 'it does not begin as a segment does', { file, offset: 0 });
  if (textEnd + HASH_BYTES > bytes.length)
    throw new Broken('truncated', 'its header is not whole', { file, offset: 0 });
  const digest = bytes.subarray(textEnd, textEnd + HASH_BYTES);
  if (!sha256(bytes.subarray(0, textEnd)).equals(digest)) {
    throw new Broken('altered', 'its header is not as it was written', { file, offset: 0 });
  }
  return { header: JSON.parse(bytes.toString('utf8', 9, textEnd)) as Header, length: textEnd + HASH_BYTES, digest };
}

/** Where a segment says that it stands, against where the walk is. */
function checkPlace(header: Header, number: number, walk: Walk, journal: string, file: string, before: string): void {
  const { size } = walk.tree;
  const place = { file, offset: 0, seq: size };
  if (header.journal !== journal) throw new Broken('altered', 'it is of another journal', place);
  if (header.segment !== number) throw new Broken('disordered', `it is segment ${header.segment}`, place);
  if (header.first_seq > size) {
    throw new Broken('truncated', `it ends before record ${header.first_seq}, with which the next begins`, {
      file: before,
      seq: size,
    });
  }
  if (header.first_seq < size) throw new Broken('disordered', `it begins with record ${header.first_seq} again`, place);
  const range = walk.tree.roots.map((each) => each.hash.toString('base64'));
  if (
    header.previous_chain !== walk.chain.toString('base64') ||
    header.record_chain !== walk.recordChain.toString('base64')
  ) {
    throw new Broken('altered', 'its chain does not go on from the segment before it', place);
  }
  if (header.root !== walk.tree.root().toString('base64') || JSON.stringify(header.range) !== JSON.stringify(range)) {
    throw new Broken('altered', 'its tree does not go on from the segment before it', place);
  }
}

/** Checks a segment from its first frame on, and what is there of its file of leaves. */
function walkSegment(bytes: Buffer, start: number, header: Header, walk: Walk, file: string, leaves: LeafFile): void {
  const { tree } = walk;
  const flagsOfRecords = header.seal === undefined ? 0 : 1;
  const first = tree.size;
  let hasFooter = false;
  for (let at = start; at < bytes.length; ) {
    const seq = tree.size;
    const placed = (verdict: Verdict, what: string): Broken => new Broken(verdict, what, { file, offset: at, seq });
    const length = bytes.length < at + 4 ? 0 : bytes.readUInt32BE(at);
    if (length > MAX_BODY_BYTES) throw placed('altered', 'it has a length that no record has');
    const end = at + HEAD_BYTES + length;
    if (hasFooter) throw placed('disordered', 'something follows the end of the segment');
    if (end + HASH_BYTES > bytes.length) throw placed('truncated', 'the record is not whole');
    const found = bytes.readUInt32BE(at + 4) * 2 ** 32 + bytes.readUInt32BE(at + 8);
    // The chain of the frame before, or the digest of the header, stands right before this frame.
    const chain = hash('sha256', bytes.subarray(at - HASH_BYTES, end), 'binary');
    if (chain !== bytes.toString('latin1', end, end + HASH_BYTES))
      throw brokenChain(bytes, at, end, found, placed, seq);
    if (found !== seq) throw placed('disordered', `record ${found} stands where ${seq} should`);
    walk.chain = bytes.subarray(end, end + HASH_BYTES);
    const flags = bytes[at + 12];
    if (flags === 2) {
      checkFooter(bytes.toString('utf8', at + HEAD_BYTES, end), tree.size - first, tree.root(), placed);
      hasFooter = true;
    } else {
      if (flags !== flagsOfRecords) throw placed('altered', 'it is no record');
      if (flags === 0 && !bytes.toString('latin1', at + HEAD_BYTES, end).includes(`,"seq":${seq},`)) {
        throw placed('altered', 'the record has another number than its frame');
      }
      // The byte before the leaf's data is read already: it stands for the prefix of a leaf.
      bytes[at + 3] = 0;
      const leaf = sha256(bytes.subarray(at + 3, end));
      leaves.add(at, leaf);
      walk.recordChain = walk.chain;
      tree.add(leaf);
      walk.compare();
    }
    at = end + HASH_BYTES;
  }
}

type PlacedFault = (verdict: Verdict, what: string) => Broken;

function checkFooter(text: string, records: number, root: Buffer, placed: PlacedFault): void {
  const footer = parseJson(text, placed('altered', '').fault) as { records: number; root: string };
  if (footer.records === records && footer.root === root.toString('base64')) return;
  throw placed('altered', 'the end of the segment says other records than there are');
}

/** A chain that is wrong: was the record changed, or is it another's place? */
function brokenChain(bytes: Buffer, at: number, end: number, found: number, placed: PlacedFault, seq: number): Broken {
  if (found === seq) return placed('altered', 'the record is not as it was written');
  const patched = Buffer.from(bytes.subarray(at - HASH_BYTES, end));
  patched.writeBigUInt64BE(BigInt(seq), HASH_BYTES + 4);
  return sha256(patched).equals(bytes.subarray(end, end + HASH_BYTES))
    ? placed('altered', 'the number of the record is not as it was written')
    : placed('disordered', `record ${found} stands where ${seq} should`);
}

/** Holds a file of leaves, as far as it goes, against what it has to be: it can be made anew. */
class LeafFile {
  readonly #file: string;
  readonly #bytes: Buffer;
  readonly #expected: Buffer;
  #length = 0;

  constructor(bytes: Buffer, file: string) {
    this.#file = file;
    this.#bytes = bytes;
    this.#expected = Buffer.alloc(Math.ceil(bytes.length / LEAF_ENTRY_BYTES) * LEAF_ENTRY_BYTES);
  }

  add(offset: number, leaf: Buffer): void {
    const at = this.#length;
    if (at >= this.#expected.length) return;
    this.#expected.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
    this.#expected.writeUInt32BE(offset % 2 ** 32, at + 4);
    leaf.copy(this.#expected, at + 8);
    this.#length += LEAF_ENTRY_BYTES;
  }

  check(): void {
    const isWhole = this.#length >= this.#bytes.length;
    if (isWhole && this.#expected.subarray(0, this.#bytes.length).equals(this.#bytes)) return;
    throw new Broken('altered', 'the index of the segment does not fit it (it can be removed: it is made anew)', {
      file: this.#file,
    });
  }
}

/** An object; anything else is a fault. */
function parseJson(text: string, place: object): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    throw new Broken('altered', 'it is no JSON', place);
  }
}

// ---- A journal

/** Verifies the journal in a directory. Throws Node's errors when it cannot be read, and nothing else. */
export function verifyJournal(directory: string, options: VerifyOptions = {}): Report {
  const { names, read } = filesOf(directory);
  return verifyFiles([...names], read, options);
}

function filesOf(directory: string): Files {
  return { names: new Set(readdirSync(directory)), read: (name) => readFileSync(join(directory, name)) };
}

/** The same for files by name; their bytes may be changed on the way. */
export function verifyFiles(
  files: readonly string[],
  read: (name: string) => Buffer,
  options: VerifyOptions = {},
): Report {
  const found = emptyReport();
  let last = 'keys';
  const noted = ({ names, read: readFile }: Files): Files => ({ names, read: (name) => readFile((last = name)) });
  const { archive } = options;
  try {
    const own = noted({ names: new Set(files), read });
    const isPruned = walkJournal(own, archive === undefined ? options : { ...options, archive: noted(archive) }, found);
    return { verdict: isPruned ? 'pruned' : 'intact', ...found };
  } catch (error) {
    return { ...faultOf(error, last), ...found };
  }
}

/** What was thrown as a fault. JSON that has another form than ours stumbles somewhere: whoever wrote it, it is not ours. */
function faultOf(error: unknown, file: string): { readonly verdict: Verdict; readonly fault: Fault } {
  if (error instanceof Broken) return { verdict: error.fault.verdict, fault: error.fault };
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  const what = `it has not the form that it should have (${error.message})`;
  return { verdict: 'altered', fault: { verdict: 'altered', what, file } };
}

type Found = { -readonly [K in keyof Omit<Report, 'verdict' | 'fault' | 'notes'>]: Report[K] } & { notes: string[] };

function emptyReport(): Found {
  return { first_seq: 0, size: 0, signed_size: 0, segments: 0, archived: 0, notes: [] };
}

function walkJournal(own: Files, { key, checkpoints = [], archive }: VerifyOptions, found: Found): boolean {
  const optional = (name: string): Buffer => (own.names.has(name) ? own.read(name) : Buffer.alloc(0));
  const keys = parseKeys(optional('keys'), key);
  [found.journal, found.public_key] = [keys.journal, keys.publicKey];
  if (key === undefined) found.notes.push('no key was given: the key that the journal names itself was believed');
  const signed = signedOf(optional('checkpoints'), checkpoints, keys);
  const archived = archive === undefined ? new Map<number, Archived>() : readArchive(archive);
  const runs = runsOf(numbersOf(own.names), [...archived.keys()]);
  let isPruned = runs.length > 1;
  let walk = new Walk(signed.all);
  for (const run of runs) {
    walk = new Walk(signed.all);
    for (const number of run) {
      const file = nameOf(number, 'seg');
      const packed = archived.get(number);
      const bytes = own.names.has(file) ? own.read(file) : (packed as Archived).unpack();
      const { header, length, digest } = parseHeader(bytes, file);
      if (number === run[0]) {
        found.first_seq = header.first_seq;
        if (number > 0) {
          checkPruned(optional('pruned'), number, header, signed.all);
          walk.resume(header);
          isPruned = true;
        }
      }
      checkPlace(header, number, walk, keys.journal, file, nameOf(Math.max(number - 1, run[0] ?? 0), 'seg'));
      walk.chain = digest;
      walk.compare();
      packed?.checkOriginal(bytes);
      const leaves = new LeafFile(optional(nameOf(number, 'leaf')), nameOf(number, 'leaf'));
      walkSegment(bytes, length, header, walk, file, leaves);
      leaves.check();
      packed?.checkFacts(header, walk.tree);
      found.segments++;
      if (!own.names.has(file)) found.archived++;
      found.size = walk.tree.size;
    }
  }
  walk.compare();
  const missing = walk.missing();
  if (missing !== undefined) {
    const what = `${missing.size} records were signed, and there are ${walk.tree.size}`;
    throw new Broken('truncated', what, { file: missing.file, offset: missing.offset, seq: walk.tree.size });
  }
  checkTiles(optional('tree'), walk.tree.tiles);
  found.signed_size = signed.size;
  const unsigned = found.size - found.signed_size;
  if (unsigned > 0) found.notes.push(`no checkpoint vouches for the last ${unsigned} records, their chain alone does`);
  return isPruned;
}

/** All that is signed of the journal, and how many records the newest checkpoint vouches for. */
function signedOf(bytes: Buffer, elsewhere: readonly string[], keys: Keys): { all: readonly Signed[]; size: number } {
  const own = parseCheckpoints(bytes, 'checkpoints', keys);
  const disorder = own.find(({ size }, index) => size < (own[index - 1]?.size ?? 0));
  if (disorder !== undefined) {
    const { size, file, offset } = disorder;
    throw new Broken('disordered', `a checkpoint of ${size} records follows one of more`, { file, offset });
  }
  const foreign = elsewhere.flatMap((text, index) =>
    parseCheckpoints(Buffer.from(text), `checkpoint given as number ${index + 1}`, keys),
  );
  const starts = keys.epochs.map(({ size, root }): Signed => ({ size, root, file: 'keys', offset: 0 }));
  const checkpoints = [...own, ...foreign];
  return { all: [...checkpoints, ...starts], size: Math.max(0, ...checkpoints.map(({ size }) => size)) };
}

/** Numbers of the segments among names, in order. */
function numbersOf(names: ReadonlySet<string>): number[] {
  const segments = [...names].filter((name) => /^\d{8}\.seg$/.test(name));
  return segments.map((name) => Number(name.slice(0, 8))).sort((a, b) => a - b);
}

/** Numbers that follow each other. Archives may be gone in any order; of the journal itself only the first are. */
function runsOf(own: readonly number[], archived: readonly number[]): readonly (readonly number[])[] {
  const first = own[0] ?? Infinity;
  const runs: number[][] = [];
  for (const number of [...new Set([...own, ...archived])].sort((a, b) => a - b)) {
    const before = runs.at(-1)?.at(-1);
    if (before !== undefined && before + 1 === number) runs.at(-1)?.push(number);
    else if (before === undefined || number <= first) runs.push([number]);
    else throw new Broken('disordered', 'the segment is missing', { file: nameOf(before + 1, 'seg') });
  }
  return runs;
}

function nameOf(number: number, ending: string): string {
  return `${String(number).padStart(8, '0')}.${ending}`;
}

/** What was removed has to be written down, as the header after it says, and something signed has to vouch for that. */
function checkPruned(bytes: Buffer, number: number, header: Header, signed: readonly Signed[]): void {
  const file = 'pruned';
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  for (const text of lines) {
    if (!hasOwnDigest(text)) throw new Broken('altered', 'a line of it is not as it was written', { file });
  }
  const line = lines
    .map((text) => parseJson(text, { file }) as Pruned)
    .findLast((each) => each.last_segment === number - 1);
  if (line === undefined)
    throw new Broken('disordered', `segments before ${number} are missing`, { file: nameOf(0, 'seg') });
  const { next_seq, chain, root } = line;
  if (next_seq !== header.first_seq || chain !== header.previous_chain || root !== header.root) {
    throw new Broken('altered', 'what was removed is not what the rest goes on from', { file });
  }
  if (!signed.some(({ size }) => size >= header.first_seq)) {
    throw new Broken('disordered', 'nothing that is signed vouches for what was removed', { file });
  }
}

/** A line of `pruned` for what somebody has verified before, and does not read again. */
export function prunedLine(range: Readonly<Record<string, unknown>>): string {
  const zeros = `"digest":"${'0'.repeat(64)}"`;
  const text = JSON.stringify({ ...range, digest: '0'.repeat(64) });
  return `${text.replace(zeros, `"digest":"${hash('sha256', text)}"`)}\n`;
}

/** Whether a text has its own digest in it: that of itself with zeros in its place. */
function hasOwnDigest(text: string): boolean {
  const [member = '', digest] = /"digest":"([\da-f]{64})"/.exec(text) ?? [];
  return digest !== undefined && hash('sha256', text.replace(member, `"digest":"${'0'.repeat(64)}"`)) === digest;
}

/** Can be made anew: as far as it goes it is right. */
function checkTiles(bytes: Buffer, tiles: ReadonlyMap<number, Buffer>): void {
  for (let at = 0; at < bytes.length; at += HASH_BYTES) {
    const expected = tiles.get(at / HASH_BYTES);
    const isKnown = expected !== undefined || tiles.size === 0 || at / HASH_BYTES < Math.min(...tiles.keys());
    if (isKnown && (expected?.equals(bytes.subarray(at, at + HASH_BYTES)) ?? true)) continue;
    throw new Broken('altered', 'it does not fit the records (it can be removed: it is made anew)', {
      file: 'tree',
      offset: at,
    });
  }
}

// ---- Archives

interface Manifest {
  readonly format: string;
  readonly journal: string;
  readonly segment: number;
  readonly first_seq: number;
  readonly next_seq: number;
  readonly root: string;
  readonly original: { readonly bytes: number; readonly sha256: string };
  readonly archive: { readonly bytes: number; readonly sha256: string };
  readonly seal: { readonly cipher: string; readonly key_id: string; readonly wrapped_sha256: string } | null;
}

/** An archived segment. */
class Archived {
  readonly #files: Files;
  readonly #number: number;
  readonly #manifest: Manifest;

  constructor(files: Files, number: number) {
    const file = nameOf(number, 'manifest.json');
    const text = files.read(file).toString('utf8');
    if (!text.endsWith('\n') || !hasOwnDigest(text.slice(0, -1))) {
      throw new Broken('altered', 'it is not as it was written', { file });
    }
    this.#files = files;
    this.#number = number;
    this.#manifest = parseJson(text, { file }) as Manifest;
    this.#check('seg.zst', this.#manifest.archive.sha256);
    const wrapped = this.#manifest.seal?.wrapped_sha256;
    // Without its key it is erased, or a copy for somebody who may not read it.
    if (files.names.has(nameOf(number, 'key'))) this.#check('key', wrapped);
  }

  /** Throws when this Node.js cannot. */
  unpack(): Buffer {
    if (!('zstdDecompressSync' in zlib)) throw new Error('archives need Node.js 22.15 or later');
    const file = nameOf(this.#number, 'seg.zst');
    try {
      return zlib.zstdDecompressSync(this.#files.read(file), { maxOutputLength: this.#manifest.original.bytes + 1 });
    } catch {
      throw new Broken('altered', 'it does not unpack to what its manifest says', { file });
    }
  }

  checkOriginal(bytes: Buffer): void {
    const { original } = this.#manifest;
    if (bytes.length === original.bytes && hash('sha256', bytes) === original.sha256) return;
    throw new Broken('altered', 'the segment is not the one that was archived', { file: this.#file });
  }

  /** What the manifest says, against what was found behind the segment. */
  checkFacts(header: Header, tree: Subtrees): void {
    const { format, journal, segment, first_seq, next_seq, root, seal } = this.#manifest;
    const isRight =
      format === 'roundhouse-audit-archive' &&
      journal === header.journal &&
      segment === header.segment &&
      first_seq === header.first_seq &&
      next_seq === tree.size &&
      root === tree.root().toString('base64') &&
      seal?.key_id === header.seal?.key_digest &&
      seal?.cipher === header.seal?.cipher;
    if (!isRight) throw new Broken('altered', 'it is of another segment than the one beside it', { file: this.#file });
  }

  get #file(): string {
    return nameOf(this.#number, 'manifest.json');
  }

  #check(ending: string, sha256: string | undefined): void {
    const file = nameOf(this.#number, ending);
    if (!this.#files.names.has(file)) throw new Broken('disordered', 'it is missing in the archive', { file });
    if (hash('sha256', this.#files.read(file)) === sha256) return;
    throw new Broken('altered', 'it is not what its manifest says', { file });
  }
}

/** An archive is there when its manifest is. */
function readArchive(files: Files): ReadonlyMap<number, Archived> {
  const manifests = [...files.names].filter((name) => /^\d{8}\.manifest\.json$/.test(name));
  return new Map(manifests.map((name) => [Number(name.slice(0, 8)), new Archived(files, Number(name.slice(0, 8)))]));
}

// ---- Single proofs

/** What the fields of a proof have to be; those with a question mark may be missing. */
const PROOF_FIELDS = {
  inclusion: {
    v: isOne,
    kind: isText,
    journal: isText,
    seq: isCount,
    flags: isCount,
    body: isBase64,
    'text?': isText,
    size: isCount,
    root: isHash,
    path: isPath,
    'checkpoint?': isText,
  },
  consistency: {
    v: isOne,
    kind: isText,
    journal: isText,
    from: isCount,
    to: isCount,
    from_root: isHash,
    to_root: isHash,
    path: isPath,
  },
} as const;

function isOne(value: unknown): boolean {
  return value === 1;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Text that stands for other bytes than it would be written for is none. */
function isBase64(value: unknown): value is string {
  return isText(value) && Buffer.from(value, 'base64').toString('base64') === value;
}

function isHash(value: unknown): boolean {
  return isBase64(value) && Buffer.from(value, 'base64').length === HASH_BYTES;
}

function isPath(value: unknown): boolean {
  return Array.isArray(value) && value.every(isHash);
}

interface Proof {
  readonly v: number;
  readonly kind: string;
  readonly journal: string;
  readonly seq: number;
  readonly flags: number;
  readonly body: string;
  readonly text?: string;
  readonly size: number;
  readonly root: string;
  readonly path: readonly string[];
  readonly checkpoint?: string;
  readonly from: number;
  readonly to: number;
  readonly from_root: string;
  readonly to_root: string;
}

/** Verifies a proof against the keys of its journal (the file `keys`) and checkpoints that vouch for its roots. */
export function verifyProof(json: string, keysFile: Uint8Array, options: VerifyOptions = {}): Report {
  const found = emptyReport();
  try {
    const proof = parseProof(json);
    const keys = parseKeys(keysFile, options.key);
    if (options.key === undefined) found.notes.push('no key was given: the first of the keys was believed');
    const texts = [...(proof.checkpoint === undefined ? [] : [proof.checkpoint]), ...(options.checkpoints ?? [])];
    const signed = texts.flatMap((text) => parseCheckpoints(Buffer.from(text), 'checkpoint', keys));
    if (proof.journal !== keys.journal) throw new Broken('untrusted', 'it is of another journal', { file: 'proof' });
    const path = proof.path.map((each) => Buffer.from(each, 'base64'));
    if (proof.kind === 'inclusion') checkInclusion(proof, path, signed);
    else checkConsistency(proof, path, signed);
    found.size = found.signed_size = proof.size ?? proof.to;
    [found.journal, found.public_key] = [keys.journal, keys.publicKey];
    return { verdict: 'intact', ...found };
  } catch (error) {
    return { ...faultOf(error, 'proof'), ...found };
  }
}

/** A proof says what it has to say, and nothing besides. */
function parseProof(json: string): Proof {
  const place = { file: 'proof' };
  const proof = parseJson(json, place) as Proof;
  const kind = proof.kind === 'inclusion' || proof.kind === 'consistency' ? proof.kind : undefined;
  if (kind === undefined) throw new Broken('altered', 'it is no proof', place);
  const given = new Map<string, unknown>(Object.entries(proof));
  for (const [field, isRight] of Object.entries(PROOF_FIELDS[kind])) {
    const name = field.replace('?', '');
    const isMissing = name !== field && !given.has(name);
    if (!isMissing && !isRight(given.get(name))) throw new Broken('altered', `its ${name} is none`, place);
    given.delete(name);
  }
  for (const name of given.keys())
    throw new Broken('altered', `it has ${JSON.stringify(name)}, which no proof has`, place);
  return proof;
}

function checkInclusion(
  { seq, flags, body, text, size, root }: Proof,
  path: readonly Buffer[],
  signed: readonly Signed[],
): void {
  const place = { file: 'proof', seq };
  const bytes = Buffer.from(body, 'base64');
  const head = Buffer.alloc(9);
  head.writeBigUInt64BE(BigInt(seq));
  head[8] = flags;
  if (!signed.some((each) => each.size === size && each.root === root)) {
    throw new Broken('untrusted', `no checkpoint of ${size} records vouches for it`, place);
  }
  const reached = inclusionRoot(leafOf(Buffer.concat([head, bytes])), seq, size, path);
  if (reached?.toString('base64') !== root) throw new Broken('altered', 'its path does not lead to its root', place);
  if (text === undefined) return;
  const isText =
    flags === 1 ? sha256(Buffer.from(text)).equals(bytes.subarray(0, HASH_BYTES)) : bytes.toString() === text;
  if (!isText) throw new Broken('altered', 'its text is not that of the record', place);
}

function checkConsistency(proof: Proof, path: readonly Buffer[], signed: readonly Signed[]): void {
  const { from, to, from_root, to_root } = proof;
  for (const [size, root] of [
    [from, from_root],
    [to, to_root],
  ] as const) {
    if (signed.some((each) => each.size === size && each.root === root)) continue;
    throw new Broken('untrusted', `no checkpoint of ${size} records vouches for it: give one`, { file: 'proof' });
  }
  const roots = consistencyRoots(from, to, Buffer.from(from_root, 'base64'), path);
  if (roots?.older.toString('base64') === from_root && roots.newer.toString('base64') === to_root) return;
  throw new Broken('altered', 'its path does not lead from one root to the other', { file: 'proof' });
}

// ---- The program

const USAGE = `usage: roundhouse-verify DIRECTORY [--archive DIRECTORY] [--key PUBLIC_KEY] [--checkpoint FILE]… [--json]
       roundhouse-verify --proof FILE --keys FILE [--key PUBLIC_KEY] [--checkpoint FILE]… [--json]

  --key         public key that the journal began with: the text, or a file with it
  --checkpoint  a file with checkpoints that were kept elsewhere; may be given several times
  --archive     where the journal has moved segments: they are verified with the rest
  --proof       a single proof, and with --keys the file "keys" of its journal
  --json        the report as JSON

exit codes: 0 intact, 10 truncated, 11 altered, 12 reordered, duplicated or missing, 13 wrong key or signature,
            14 intact but for what was removed by rule; 2 wrong usage, 3 cannot read
`;

/** Runs the program; gives its exit code. */
export function main(
  args: string[],
  print: (text: string) => void = (text) => void process.stdout.write(text),
): number {
  const asked = readArguments(args);
  if (typeof asked === 'string') {
    print(`${asked}\n${USAGE}`.trimStart());
    return USAGE_EXIT;
  }
  const { values, directory } = asked;
  let report: Report;
  try {
    const options: VerifyOptions = {
      ...(values.key !== undefined && { key: keyText(values.key) }),
      checkpoints: (values.checkpoint ?? []).map((file) => readFileSync(file, 'utf8')),
      ...(values.archive !== undefined && { archive: filesOf(values.archive) }),
    };
    report =
      directory === undefined
        ? verifyProof(readFileSync(values.proof as string, 'utf8'), readFileSync(values.keys as string), options)
        : verifyJournal(directory, options);
  } catch (error) {
    print(`cannot read: ${(error as Error).message}\n`);
    return UNREADABLE_EXIT;
  }
  print(values.json ? `${JSON.stringify(report)}\n` : render(report));
  return EXIT_CODES[report.verdict];
}

/** What is wrong with them, as text. */
function readArguments(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        keys: { type: 'string' },
        checkpoint: { type: 'string', multiple: true },
        proof: { type: 'string' },
        archive: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const [directory, ...rest] = positionals;
    const isProof = values.proof !== undefined && values.keys !== undefined;
    const isOne = directory === undefined ? isProof : values.proof === undefined;
    return isOne && rest.length === 0 ? { values, directory } : '';
  } catch (error) {
    return (error as Error).message;
  }
}

function keyText(given: string): string {
  return parseKey(given) === undefined ? readFileSync(given, 'utf8').trim() : given;
}

function render({
  verdict,
  fault,
  first_seq,
  size,
  signed_size,
  segments,
  archived,
  journal,
  public_key,
  notes,
}: Report): string {
  const lines = [
    `${verdict}: ${size - first_seq} records from ${first_seq} in ${segments} segments${archived > 0 ? ` (${archived} in the archive)` : ''}, ${signed_size} signed`,
  ];
  if (fault !== undefined) {
    const where = [
      fault.file,
      ...(fault.offset === undefined ? [] : [`byte ${fault.offset}`]),
      ...(fault.seq === undefined ? [] : [`record ${fault.seq}`]),
    ].filter((part) => part !== undefined);
    lines.push(`  ${where.join(', ')}: ${fault.what}`);
  }
  if (journal !== undefined) lines.push(`  journal ${journal}, key ${public_key}`);
  return `${[...lines, ...notes.map((note) => `  note: ${note}`)].join('\n')}\n`;
}

if (process.argv[1] !== undefined && isThisFile(process.argv[1])) process.exitCode = main(process.argv.slice(2));

function isThisFile(path: string): boolean {
  try {
    return realpathSync(path) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}
