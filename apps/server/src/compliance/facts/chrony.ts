import { UnknownFact } from '@roundhouse/audit/compliance';

export interface ClockState {
  readonly isSynchronised: boolean | UnknownFact;
  readonly offsetMs: number | UnknownFact;
}

/** chrony measures at least every 1,024 s (`maxpoll` 10), a few of them may be lost. */
const MAX_AGE_MS = 2 * 3_600_000;

/**
 * A line of tracking.log (chrony.conf(5), `log tracking`): date, time, source, stratum, frequency, skew, offset in
 * seconds, leap status, and more. `?` stands for a clock that follows nothing.
 */
const LINE =
  /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) +(\S+) +(\d+) +\S+ +\S+ +([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?) +([N+\-?]) /;

/** What chrony has logged last; `now` in ms since 1970. */
export function chronyState(log: string, now: number): ClockState {
  const last = log
    .trimEnd()
    .split('\n')
    .flatMap((line) => LINE.exec(line) ?? [])
    .slice(-7);
  const [, date, time, , , offset, leap] = last;
  if (date === undefined) return unknown('its tracking log has no measurement');
  const age = now - Date.parse(`${date}T${time}Z`);
  if (!(age <= MAX_AGE_MS)) return unknown(`its last measurement was at ${date} ${time}`);
  return { isSynchronised: leap !== '?', offsetMs: Math.abs(Number(offset)) * 1_000 };
}

function unknown(reason: string): ClockState {
  const fact = new UnknownFact('NOT_SUPPORTED', `chrony does not say how the clock is now: ${reason}`);
  return { isSynchronised: fact, offsetMs: fact };
}
