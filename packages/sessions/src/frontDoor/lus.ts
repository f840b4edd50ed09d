import type { LuAllocator } from '@roundhouse/tn3270/host';

/**
 * Names for the terminals of the front door, GW000001 …: the LU that a terminal asks for is one of a host, or stands for
 * a group; whether it is to be had shows when the session is opened.
 */
export function gatewayLus(): LuAllocator {
  const held = new Set<string>();
  let last = 0;
  return {
    get held() {
      return [...held];
    },
    acquire({ device }) {
      if (device === 'printer') return { granted: false, refusal: 'INV_DEVICE_TYPE' };
      let name: string;
      do {
        last = (last % MAX_NUMBER) + 1;
        name = `GW${String(last).padStart(6, '0')}`;
      } while (held.has(name));
      held.add(name);
      return { granted: true, lu: name };
    },
    release(lu) {
      held.delete(lu);
    },
  };
}

const MAX_NUMBER = 999_999;
