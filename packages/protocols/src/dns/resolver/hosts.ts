import { isIP } from 'node:net';
import { reverseName } from '../message/ipAddress.ts';

/** More than any such file has by hand; a larger one is a list to block names, which has no place in memory here. */
const MAX_LINES = 100_000;
const MAX_BYTES = 8_388_608;

/** Names and addresses of a file as `/etc/hosts` (hosts(5)). What is no entry is passed over, as the system does. */
export class HostsTable {
  readonly #addresses = new Map<string, string[]>();
  readonly #names = new Map<string, string[]>();

  constructor(text: string) {
    let lines = 0;
    for (const line of text.slice(0, MAX_BYTES).split('\n')) {
      lines += 1;
      if (lines > MAX_LINES) break;
      const [address, ...names] = (line.split('#')[0] as string).trim().split(/\s+/);
      if (address === undefined || isIP(address) === 0) continue;
      const reverse = reverseName(address);
      for (const name of names) {
        add(this.#addresses, absolute(name), address);
        if (reverse !== undefined) add(this.#names, reverse, absolute(name));
      }
    }
  }

  /** `name` is absolute and in lower case. */
  addressesOf(name: string): readonly string[] {
    return this.#addresses.get(name) ?? [];
  }

  /** Names of an address, by the name that it is looked up by (`1.0.0.127.in-addr.arpa.`). */
  namesOf(reverse: string): readonly string[] {
    return this.#names.get(reverse) ?? [];
  }
}

function absolute(name: string): string {
  return `${name.toLowerCase().replace(/\.$/, '')}.`;
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [value]);
  else if (!there.includes(value)) there.push(value);
}
