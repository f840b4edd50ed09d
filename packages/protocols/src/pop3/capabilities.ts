/** What a server says it can. RFC 2449 */
export interface Pop3Capabilities {
  /** Whether it knows CAPA at all. */
  readonly isKnown: boolean;
  readonly stls: boolean;
  readonly top: boolean;
  readonly uidl: boolean;
  readonly pipelining: boolean;
  /** RFC 6856 */
  readonly utf8: boolean;
  /** Mechanisms of AUTH, RFC 5034. */
  readonly sasl: readonly string[];
  readonly implementation: string | null;
}

/** Of a server that knows no CAPA: RFC 1939 makes TOP and UIDL optional, so they may be tried. */
export const UNKNOWN_CAPABILITIES: Pop3Capabilities = {
  isKnown: false,
  stls: false,
  top: true,
  uidl: true,
  pipelining: false,
  utf8: false,
  sasl: [],
  implementation: null,
};

export function capabilitiesOf(lines: readonly string[]): Pop3Capabilities {
  const said = new Map<string, string>();
  for (const line of lines) {
    const [, keyword = '', rest = ''] = /^(\S+)(?: +(.*))?$/.exec(line) ?? [];
    said.set(keyword.toUpperCase(), rest);
  }
  return {
    isKnown: true,
    stls: said.has('STLS'),
    top: said.has('TOP'),
    uidl: said.has('UIDL'),
    pipelining: said.has('PIPELINING'),
    utf8: said.has('UTF8'),
    sasl: (said.get('SASL') ?? '')
      .toUpperCase()
      .split(/ +/)
      .filter((each) => each !== ''),
    implementation: said.get('IMPLEMENTATION') ?? null,
  };
}
