import { Composer, type CST, type Document, isMap, isSeq, Lexer, parseDocument, Parser, type YAMLSeq } from 'yaml';

const OPTIONS = {
  version: '1.2',
  schema: 'core',
  merge: false,
  uniqueKeys: false,
  resolveKnownTags: false,
  prettyErrors: false,
  // `silent` would also keep quiet about a second document.
  logLevel: 'error',
} as const;

/**
 * The text as YAML. The items of long lists are composed a few at a time, so that their tokens, which take several
 * times the memory of the text, need not be kept until its end. What the library says of a fault depends on all that
 * stands around it: a text with faults is read again as a whole.
 */
export function readDocument(text: string): Document {
  const documents = [...new Composer(OPTIONS).compose(tokensOf(text), true, text.length)];
  const isSound = documents.every(({ errors, warnings }) => errors.length === 0 && warnings.length === 0);
  const whole = documents.pop();
  return isSound && whole !== undefined && putBack(documents, whole) ? whole : parseDocument(text, OPTIONS);
}

/** Items of a list that are composed together. */
const PIECE_ITEMS = 8;

/** What the parser finds; before that, each piece of a list at the second level as a document of its own. */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    // Below the document and its map. The parser looks back at the last two items.
    const list = parser.stack[2];
    if (list?.type === 'block-seq' && list.items.length > PIECE_ITEMS + 2) {
      const value = { ...list, items: list.items.splice(0, PIECE_ITEMS) };
      yield { type: 'document', offset: list.offset, start: [], value };
    }
  }
  yield* parser.end();
}

/** Puts the items of pieces, in their order, in front of what is left in their lists; false where a list is missing. */
function putBack(pieces: readonly Document[], { contents }: Document): boolean {
  const lists = new Map<number | undefined, YAMLSeq>();
  for (const { value } of isMap(contents) ? contents.items : []) if (isSeq(value)) lists.set(value.range?.[0], value);
  return pieces.toReversed().every((piece) => {
    const list = isSeq(piece.contents) ? lists.get(piece.contents.range?.[0]) : undefined;
    list?.items.unshift(...(piece.contents as YAMLSeq).items);
    return list !== undefined;
  });
}
