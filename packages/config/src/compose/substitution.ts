/** One piece of a scalar: as it stands, or something from outside. `from` and `to` are offsets in the scalar's text. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | Hole<
      'variable',
      { readonly name: string; readonly fallback: string | undefined; readonly demand: string | undefined }
    >
  | Hole<'file', { readonly file: string }>
  | Hole<'parameter', { readonly name: string }>
  | Hole<'fault', { readonly reason: string }>;

type Hole<K extends string, F> = { readonly kind: K; readonly from: number; readonly to: number } & F;

const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])(.*))?$/s;
const PARAMETER = /^with\.([A-Za-z_][A-Za-z0-9_-]*)$/;

/**
 * Reads `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${file:path}`, `${with.parameter}`; `$${` stands for `${`.
 * A default or a message ends at the first `}`, and what it holds stands as it is.
 */
export function parseSubstitution(text: string): readonly Part[] {
  const parts: Part[] = [];
  let plain = '';
  let at = 0;
  const flush = (): void => {
    if (plain !== '') parts.push({ kind: 'text', text: plain });
    plain = '';
  };
  while (at < text.length) {
    const from = text.indexOf('${', at);
    const isEscaped = from > at && text[from - 1] === '$';
    plain += text.slice(at, from === -1 ? undefined : isEscaped ? from - 1 : from);
    if (from === -1) break;
    if (isEscaped) {
      plain += '${';
      at = from + 2;
    } else {
      flush();
      const end = text.indexOf('}', from);
      at = end === -1 ? text.length : end + 1;
      parts.push(end === -1 ? fault('`${` without `}`', from, at) : hole(text.slice(from + 2, end), from, at));
    }
  }
  flush();
  return parts;
}

function hole(inner: string, from: number, to: number): Part {
  const parameter = PARAMETER.exec(inner);
  if (parameter !== null) return { kind: 'parameter', from, to, name: parameter[1] as string };
  if (inner.startsWith('file:')) {
    const file = inner.slice('file:'.length);
    return file === '' ? fault('`${file:}` names no file', from, to) : { kind: 'file', from, to, file };
  }
  const variable = VARIABLE.exec(inner);
  if (variable === null) return fault('Not a variable, `file:` or `with.`', from, to);
  const [, name = '', mark, rest] = variable;
  return {
    kind: 'variable',
    from,
    to,
    name,
    fallback: mark === '-' ? rest : undefined,
    demand: mark === '?' ? rest : undefined,
  };
}

function fault(reason: string, from: number, to: number): Part {
  return { kind: 'fault', from, to, reason };
}
