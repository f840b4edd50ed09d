/** Makes the compiler prove that a union has been handled whole. */
export function assertNever(value: never): never {
  throw new TypeError(`Unhandled case: ${String(value)}`);
}
