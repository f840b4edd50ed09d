/** What a path leads to, with what its pattern named, not decoded. */
export interface FoundRoute<T> {
  readonly value: T;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

interface Node<T> {
  readonly texts: Map<string, Node<T>>;
  named: Node<T> | undefined;
  /** Of the pattern that ends here. */
  value: T | undefined;
  names: readonly string[];
  /** Of the pattern that takes all that is left here. */
  rest: { readonly value: T; readonly names: readonly string[] } | undefined;
}

function emptyNode<T>(): Node<T> {
  return { texts: new Map(), named: undefined, value: undefined, names: [], rest: undefined };
}

const NAME = /^[A-Za-z_]\w*$/;
/** Characters of a segment: unreserved, sub-delims, `:`, `@` and percent-encoded (RFC 3986 §3.3). */
const TEXT = /^(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})*$/;
/** Segments of a path beyond which nothing is found: the search may turn back at each. */
const MAX_SEGMENTS = 64;

/** Patterns of paths, segment by segment. */
export class RouteTree<T> {
  readonly #root = emptyNode<T>();
  /** Patterns without names, by the whole path. */
  readonly #plain = new Map<string, FoundRoute<T>>();

  /** The value at a pattern, made when there is none. Two patterns that differ in names alone are one. */
  place(pattern: string, make: () => T, refuse: (reason: string) => Error): T {
    if (!pattern.startsWith('/')) throw refuse('it begins with /');
    const segments = pattern.slice(1).split('/');
    if (segments.length > MAX_SEGMENTS) throw refuse(`it has more than ${MAX_SEGMENTS} segments`);
    const names: string[] = [];
    let node = this.#root;
    for (const [index, segment] of segments.entries()) {
      const isRest = segment.startsWith('*');
      if (isRest || segment.startsWith(':')) {
        const name = segment.slice(1);
        if (!NAME.test(name)) throw refuse(`${segment} has no name`);
        if (names.includes(name)) throw refuse(`${name} stands twice`);
        names.push(name);
      } else if (!TEXT.test(segment)) throw refuse(`${segment} is no segment of a path`);
      if (isRest) {
        if (index !== segments.length - 1) throw refuse(`${segment} is not at the end`);
        sameNames(node.rest?.names, names, refuse);
        node.rest ??= { value: make(), names };
        return node.rest.value;
      }
      if (segment.startsWith(':')) node = node.named ??= emptyNode<T>();
      else {
        let next = node.texts.get(segment);
        if (next === undefined) node.texts.set(segment, (next = emptyNode<T>()));
        node = next;
      }
    }
    if (node.value !== undefined) sameNames(node.names, names, refuse);
    node.value ??= make();
    node.names = names;
    if (names.length === 0) this.#plain.set(pattern, found(node.value, names, []));
    return node.value;
  }

  find(path: string): FoundRoute<T> | undefined {
    const plain = this.#plain.get(path);
    if (plain !== undefined) return plain;
    if (!path.startsWith('/')) return undefined;
    return this.#search(this.#root, path, 0, 1, []);
  }

  /** Segment `index` begins in the path at `offset`; beyond the end of the path there is none. */
  #search(node: Node<T>, path: string, index: number, offset: number, values: string[]): FoundRoute<T> | undefined {
    if (offset > path.length) return node.value === undefined ? undefined : found(node.value, node.names, values);
    if (index < MAX_SEGMENTS) {
      const end = path.indexOf('/', offset);
      const segment = path.slice(offset, end === -1 ? undefined : end);
      const next = offset + segment.length + 1;
      const text = node.texts.size === 0 ? undefined : node.texts.get(segment);
      const byText = text && this.#search(text, path, index + 1, next, values);
      if (byText !== undefined) return byText;
      if (node.named !== undefined && segment !== '') {
        values.push(segment);
        const byName = this.#search(node.named, path, index + 1, next, values);
        if (byName !== undefined) return byName;
        values.pop();
      }
    }
    if (node.rest === undefined) return undefined;
    values.push(path.slice(offset));
    return found(node.rest.value, node.rest.names, values);
  }
}

function found<T>(value: T, names: readonly string[], values: readonly string[]): FoundRoute<T> {
  return { value, names, values };
}

function sameNames(
  there: readonly string[] | undefined,
  names: readonly string[],
  refuse: (reason: string) => Error,
): void {
  if (there !== undefined && there.join() !== names.join()) {
    throw refuse(`the same places are called ${there.join(', ')} by another route`);
  }
}
