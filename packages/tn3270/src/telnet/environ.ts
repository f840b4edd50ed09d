/** Bytes of RFC 1572. */
export const ENVIRON = { IS: 0, SEND: 1, INFO: 2 } as const;

/** Marks within a list of variables. */
const MARK = { VAR: 0, VALUE: 1, ESC: 2, USERVAR: 3 } as const;

type Group = typeof MARK.VAR | typeof MARK.USERVAR;

/** The variables that a display tells hosts about. */
export interface EnvironmentOptions {
  /** USER; default `UNKNOWN`. */
  readonly user?: string;
  /**
   * DEVNAME. Trailing `=` signs stand for a number: each time that the host asks again, because the name before was
   * taken, it grows by one, from 1 to as many nines as there are signs. RFC 4777.
   */
  readonly deviceName?: string;
  /** IBMAPPLID, the application to log on to by Express Logon; default `None`. */
  readonly applicationId?: string;
  /** Graphic character set (high 16 bits) and code page (low 16 bits): CHARSET and CODEPAGE. */
  readonly cgcsgid: number;
  /** KBDTYPE, an IBM keyboard type such as `USB`; default `*SYSVAL`, the host's choice. RFC 4777. */
  readonly keyboardType?: string;
}

interface Variable {
  readonly name: Uint8Array;
  /** Escaped, ready to send. */
  readonly value: Uint8Array;
  /** What a request by name gets instead of `value`. */
  readonly next?: () => Uint8Array;
}

interface Request {
  readonly group: Group;
  /** As received, escapes included; empty for the whole group. */
  readonly name: Uint8Array;
}

const UTF8 = new TextEncoder();
const EVERYTHING: readonly Request[] = [
  { group: MARK.VAR, name: new Uint8Array(0) },
  { group: MARK.USERVAR, name: new Uint8Array(0) },
];

/** The NEW-ENVIRON variables of one connection. RFC 1572, RFC 4777. */
export class Environment {
  readonly #groups: Readonly<Record<Group, readonly Variable[]>>;

  constructor(options: EnvironmentOptions) {
    const { user = 'UNKNOWN', deviceName, applicationId = 'None', cgcsgid, keyboardType = '*SYSVAL' } = options;
    this.#groups = {
      [MARK.VAR]: [variable('USER', user)],
      [MARK.USERVAR]: [
        ...(deviceName === undefined ? [] : [deviceVariable(deviceName)]),
        variable('IBMELF', 'YES'),
        variable('IBMAPPLID', applicationId),
        variable('CODEPAGE', String(cgcsgid & 0xffff).padStart(3, '0')),
        variable('CHARSET', String((cgcsgid >>> 16) & 0xffff)),
        variable('KBDTYPE', keyboardType),
      ],
    };
  }

  /**
   * Answers the list after SEND with the payload of the NEW-ENVIRON IS. A variable that is not known is named without
   * a value. Undefined when the list is malformed: such a request gets no answer.
   */
  answer(list: Uint8Array): Uint8Array | undefined {
    const requests = parse(list);
    if (requests === undefined) return undefined;
    const reply: number[] = [ENVIRON.IS];
    for (const { group, name } of requests) {
      const variables = this.#groups[group];
      if (name.length === 0) {
        for (const each of variables) reply.push(group, ...each.name, MARK.VALUE, ...each.value);
        continue;
      }
      reply.push(group, ...name);
      // Like the reference, takes the first variable whose name begins with what is asked for.
      const found = variables.find((each) => startsWith(each.name, name));
      if (found !== undefined) reply.push(MARK.VALUE, ...(found.next?.() ?? found.value));
    }
    return Uint8Array.from(reply);
  }
}

/** Splits the list after SEND; an empty list asks for everything. Undefined when it begins with no group. */
function parse(list: Uint8Array): readonly Request[] | undefined {
  if (list.length === 0) return EVERYTHING;
  const requests: Request[] = [];
  let at = 0;
  while (at < list.length) {
    const group = list[at] as number;
    if (group !== MARK.VAR && group !== MARK.USERVAR) return undefined;
    const start = ++at;
    while (at < list.length && list[at] !== MARK.VAR && list[at] !== MARK.USERVAR) at += list[at] === MARK.ESC ? 2 : 1;
    requests.push({ group, name: list.subarray(start, at) });
  }
  return requests;
}

function variable(name: string, value: string): Variable {
  return { name: UTF8.encode(name), value: escape(value) };
}

function deviceVariable(template: string): Variable {
  const stem = template.replace(/=+$/, '');
  const digits = template.length - stem.length;
  const last = 10 ** digits - 1;
  let number = 0;
  const next = (): Uint8Array => {
    if (number < last) number++;
    return escape(digits === 0 ? stem : stem + String(number).padStart(digits, '0'));
  };
  return { ...variable('DEVNAME', template), next };
}

/** The bytes of a value, with those that mean something to RFC 1572 escaped. */
function escape(value: string): Uint8Array {
  const bytes: number[] = [];
  for (const byte of UTF8.encode(value)) {
    if (byte <= MARK.USERVAR) bytes.push(MARK.ESC);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function startsWith(name: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.length <= name.length && prefix.every((byte, at) => byte === name[at]);
}
