const MASK = '[secret]';

/** A copy in which what stands at the patterns (`webhooks[].secret`, `environment.*`) is masked. */
export function masked(value: unknown, patterns: readonly string[]): Readonly<Record<string, unknown>> {
  return patterns.reduce(
    (result, pattern) => maskAt(result, pattern.replaceAll('[]', '.[]').split('.')),
    value,
  ) as Readonly<Record<string, unknown>>;
}

function maskAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (value === undefined || value === null) return value;
  if (step === undefined) return Array.isArray(value) ? value.map(() => MASK) : MASK;
  if (step === '[]') return Array.isArray(value) ? value.map((each) => maskAt(each, rest)) : value;
  if (typeof value !== 'object') return value;
  const fields = value as Readonly<Record<string, unknown>>;
  if (step === '*') return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, maskAt(each, rest)]));
  if (!Object.hasOwn(fields, step)) return value;
  return { ...fields, [step]: maskAt(fields[step], rest) };
}
