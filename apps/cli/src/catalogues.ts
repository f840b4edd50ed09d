import type { ErrorCatalogue, ErrorEntry } from '@roundhouse/core';

export interface KnownError extends ErrorEntry {
  readonly code: string;
}

/** Every module that exports error catalogues of the product. */
function modules(): ReadonlyArray<Promise<object>> {
  return [
    import('@roundhouse/api'),
    import('@roundhouse/audit'),
    import('@roundhouse/audit/compliance'),
    import('@roundhouse/config'),
    import('@roundhouse/core'),
    import('@roundhouse/net'),
    import('@roundhouse/protocols/dns'),
    import('@roundhouse/protocols/grpc'),
    import('@roundhouse/protocols/http'),
    import('@roundhouse/protocols/mime'),
    import('@roundhouse/protocols/smtp'),
    import('@roundhouse/resilience'),
    import('@roundhouse/server'),
    import('@roundhouse/sessions'),
    import('@roundhouse/store'),
    import('@roundhouse/tn3270'),
    import('@roundhouse/tn3270/host'),
    import('@roundhouse/traffic'),
    import('@roundhouse/workers'),
    import('./errors.ts'),
    import('./terminal/errors.ts'),
  ];
}

/** All codes of the product, in alphabetical order. */
export async function allErrors(): Promise<readonly KnownError[]> {
  const loaded = await Promise.all(modules());
  const catalogues = new Set(loaded.flatMap((each) => Object.values(each).flatMap(catalogueOf)));
  return [...catalogues]
    .flatMap((catalogue) => Object.entries(catalogue).map(([code, entry]) => ({ code, ...entry })))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** The catalogue of an error factory. */
function catalogueOf(exported: unknown): ErrorCatalogue[] {
  return typeof exported === 'function' && 'catalogue' in exported ? [exported.catalogue as ErrorCatalogue] : [];
}
