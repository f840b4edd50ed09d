/** Turns rows into one array a column, as `unnest` takes them: any number of rows by one prepared statement. */
export function columns<T>(
  rows: readonly T[],
  ...pick: ReadonlyArray<(row: T) => string | number | null>
): ReadonlyArray<ReadonlyArray<string | number | null>> {
  return pick.map((of) => rows.map(of));
}
