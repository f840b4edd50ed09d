import type { CertificateFacts, Facts, PortFacts } from './facts.ts';
import { type Check, fail, type Finding, ok, type Outcome, warn } from './finding.ts';
import { directoryFinding } from './directory.ts';
import { runtimeCheck } from './runtime.ts';
import { workersCheck } from './workers.ts';

const MIB = 1_048_576;
const GIB = 1_073_741_824;
const DAY_MS = 86_400_000;
/** Difference of clocks that is none, ms. */
const CLOCK_TOLERANCE_MS = 300_000;
const LEAST_FREE_BYTES = 256 * MIB;
const GOOD_FREE_BYTES = 2 * GIB;
const EXPIRES_SOON_DAYS = 2;
const EXPIRES_DAYS = 14;
const SLOW_STORE_MS = 500;

/** Everything that is looked at, in the order in which one would. */
const CHECKS: readonly Check[] = [
  runtimeCheck,
  homeCheck,
  diskCheck,
  descriptorCheck,
  clockCheck,
  storeCheck,
  portCheck,
  certificateCheck,
  workersCheck,
];

/** What is well and what is not. */
export function doctor(facts: Facts, checks: readonly Check[] = CHECKS): readonly Finding[] {
  return checks.flatMap((check) => check(facts));
}

/** The worst of all findings. */
export function worstOf(findings: readonly Finding[]): Outcome {
  if (findings.some(({ outcome }) => outcome === 'fail')) return 'fail';
  return findings.some(({ outcome }) => outcome === 'warn') ? 'warn' : 'ok';
}

function homeCheck({ home }: Facts): readonly Finding[] {
  return [directoryFinding('data directory', home, 'set ROUNDHOUSE_HOME to a directory')];
}

function diskCheck({ disk, home }: Facts): readonly Finding[] {
  const check = 'disk';
  if (disk === null) return [warn(check, 'the free space is not known', `Look with: df ${home.path}`)];
  const free = `${(disk.freeBytes / GIB).toFixed(1)} GiB of ${(disk.totalBytes / GIB).toFixed(1)} GiB are free`;
  const nextStep = 'Make room, or shorten the retention of events and logs.';
  if (disk.freeBytes < LEAST_FREE_BYTES) return [fail(check, free, nextStep)];
  return [disk.freeBytes < GOOD_FREE_BYTES ? warn(check, free, nextStep) : ok(check, free)];
}

function descriptorCheck({ descriptors: { limit, wanted } }: Facts): readonly Finding[] {
  const check = 'open descriptors';
  const allowed = limit === Infinity ? 'no limit is known' : `${limit} are allowed`;
  if (limit >= wanted) return [ok(check, `${allowed}, ${wanted} may be needed`)];
  const nextStep = `Allow ${wanted}: LimitNOFILE of the service, or ulimit -n in a shell.`;
  const message = `${allowed}, but the configured limits may need ${wanted}`;
  return [limit < wanted / 4 ? fail(check, message, nextStep) : warn(check, message, nextStep)];
}

function clockCheck({ clock }: Facts): readonly Finding[] {
  const check = 'clock';
  const { now, releasedAt, newestStateAt } = clock;
  const nextStep = 'Set the clock and keep it by NTP, e.g. timedatectl set-ntp true.';
  if (now < releasedAt - DAY_MS) {
    return [fail(check, `it is ${rfc3339(now)} here, before this version was made (${rfc3339(releasedAt)})`, nextStep)];
  }
  if (newestStateAt !== null && newestStateAt > now + CLOCK_TOLERANCE_MS) {
    return [
      warn(
        check,
        `the data directory was changed at ${rfc3339(newestStateAt)}, but it is ${rfc3339(now)} here`,
        nextStep,
      ),
    ];
  }
  return [ok(check, `it is ${rfc3339(now)}`)];
}

function storeCheck({ store }: Facts): readonly Finding[] {
  const check = 'store';
  if (store.state === 'unreachable') {
    return [fail(check, `${store.code}: ${store.message}`, `Ask for the code: roundhouse errors ${store.code}`)];
  }
  if (store.state === 'held') return [ok(check, `the Roundhouse that runs here (pid ${store.pid}) has it open`)];
  const message = `it answered within ${Math.ceil(store.elapsedMs)} ms`;
  if (store.elapsedMs <= SLOW_STORE_MS) return [ok(check, message)];
  return [warn(check, message, 'Look at the load of the database or of its disk.')];
}

function portCheck({ ports }: Facts): readonly Finding[] {
  return ports.map((port) => {
    const { name, host, port: number } = port;
    const check = `port ${name}`;
    const place = `${host.includes(':') ? `[${host}]` : host}:${number}`;
    return portFinding(check, place, port);
  });
}

function portFinding(check: string, place: string, { port, state }: PortFacts): Finding {
  switch (state) {
    case 'free':
      return ok(check, `${place} is free`);
    case 'ours':
      return ok(check, `a Roundhouse answers at ${place}`);
    case 'taken':
      return fail(check, `something else listens at ${place}`, `Find it with: ss -ltnp sport = :${port}`);
    case 'forbidden':
      return fail(
        check,
        `${place} may not be used by this user`,
        'Choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE.',
      );
    case 'no_such_address':
      return fail(check, `${place} is no address of this machine`, 'Look with: ip address');
  }
}

function certificateCheck({ certificates, clock }: Facts): readonly Finding[] {
  return certificates.map((certificate) => certificateFinding(certificate, clock.now));
}

function certificateFinding({ name, path, validFrom, expiresAt, fault }: CertificateFacts, now: number): Finding {
  const check = `certificate ${name}`;
  const nextStep = `Put a new certificate at ${path}; it is taken without a restart.`;
  if (fault !== null || expiresAt === null) return fail(check, `${path}: ${fault ?? 'no date'}`, nextStep);
  if (validFrom !== null && validFrom > now) {
    return fail(
      check,
      `${path} is not valid before ${rfc3339(validFrom)}`,
      'Check the clock, or use an older certificate.',
    );
  }
  const days = Math.floor((expiresAt - now) / DAY_MS);
  if (expiresAt <= now) return fail(check, `${path} expired at ${rfc3339(expiresAt)}`, nextStep);
  const message = `${path} expires at ${rfc3339(expiresAt)}, in ${days} days`;
  if (days < EXPIRES_SOON_DAYS) return fail(check, message, nextStep);
  return days < EXPIRES_DAYS ? warn(check, message, nextStep) : ok(check, message);
}

/** In UTC, whatever the zone of the machine. */
function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
