/** Units of `grpc-timeout` in ms. gRPC over HTTP/2, "Timeout". */
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 } as const;
type Unit = keyof typeof UNIT_MS;
/** At most eight digits, as the specification has it. */
const MOST = 99_999_999;

/** `grpc-timeout` as ms, undefined when it is none. */
export function parseTimeout(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(text) ?? [];
  return unit === '' ? undefined : Number(digits) * UNIT_MS[unit as Unit];
}

/** A time in ms as `grpc-timeout`, never less than it is; undefined for one without an end. */
export function formatTimeout(timeoutMs: number): string | undefined {
  if (!Number.isFinite(timeoutMs)) return undefined;
  for (const unit of ['m', 'S', 'M', 'H'] as const) {
    const count = Math.max(1, Math.ceil(timeoutMs / UNIT_MS[unit]));
    if (count <= MOST) return `${count}${unit}`;
  }
  return `${MOST}H`;
}
