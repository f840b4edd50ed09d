import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** An account by name or number, as the system knows it: files, LDAP or whatever it asks. Undefined when there is none. */
export async function findAccount(user: string): Promise<Account | undefined> {
  const [name = '', , uid, gid, , home = '/'] = await entryOf('passwd', user);
  return uid === undefined || gid === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid), home };
}

/** Number of a group by name or number. */
export async function findGroup(group: string): Promise<number | undefined> {
  const [, , gid] = await entryOf('group', group);
  return gid === undefined ? undefined : Number(gid);
}

/** Whoever this process belongs to. */
export function ownAccount(): Account {
  const { username, uid, gid, homedir } = userInfo();
  return { name: username, uid, gid, home: homedir };
}

async function entryOf(database: 'passwd' | 'group', key: string): Promise<readonly (string | undefined)[]> {
  try {
    const { stdout } = await run('getent', [database, '--', key], { timeout: 10_000 });
    return stdout.split('\n', 1)[0]?.split(':') ?? [];
  } catch (error) {
    // 2: one or more keys could not be found (getent(1)).
    if ((error as { code?: unknown }).code === 2) return [];
    throw error;
  }
}
