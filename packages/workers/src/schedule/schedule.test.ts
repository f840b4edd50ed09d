import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from './schedule.ts';

function times(text: string, from: string, count = 3): string[] {
  const schedule = parseSchedule(text);
  const found: string[] = [];
  let at: number | null = Date.parse(from);
  while (found.length < count && at !== null) {
    at = schedule.next(at);
    if (at !== null) found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('the times of a schedule', () => {
  it.each([
    ['*/15 * * * *', '2026-10-25T00:07:00Z', ['2026-10-25T00:15Z', '2026-10-25T00:30Z', '2026-10-25T00:45Z']],
    ['5,10 8-9 * * *', '2026-10-25T08:06:00Z', ['2026-10-25T08:10Z', '2026-10-25T09:05Z', '2026-10-25T09:10Z']],
    ['0 0 1 JAN-MAR *', '2026-10-25T00:00:00Z', ['2027-01-01T00:00Z', '2027-02-01T00:00Z', '2027-03-01T00:00Z']],
    ['0 0 * * mon-fri/2', '2026-10-25T00:00:00Z', ['2026-10-26T00:00Z', '2026-10-28T00:00Z', '2026-10-30T00:00Z']],
    ['0 0 * * 5-7', '2026-10-26T00:00:00Z', ['2026-10-30T00:00Z', '2026-10-31T00:00Z', '2026-11-01T00:00Z']],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00Z', '2032-02-29T00:00Z', '2036-02-29T00:00Z']],
    ['@daily', '2026-10-25T00:00:00Z', ['2026-10-26T00:00Z', '2026-10-27T00:00Z', '2026-10-28T00:00Z']],
    ['@Hourly', '2026-10-25T00:30:00Z', ['2026-10-25T01:00Z', '2026-10-25T02:00Z', '2026-10-25T03:00Z']],
    ['@weekly', '2026-10-25T00:30:00Z', ['2026-11-01T00:00Z', '2026-11-08T00:00Z', '2026-11-15T00:00Z']],
    ['@monthly', '2026-10-25T00:30:00Z', ['2026-11-01T00:00Z', '2026-12-01T00:00Z', '2027-01-01T00:00Z']],
    ['@yearly', '2026-10-25T00:30:00Z', ['2027-01-01T00:00Z', '2028-01-01T00:00Z', '2029-01-01T00:00Z']],
  ])('%s after %s', (text, from, expected) => {
    expect(times(text, from)).toEqual(expected);
  });

  // crontab(5): "if both fields are restricted (i.e., do not contain the "*" character), the command will be run when
  // either field matches".
  it.each([
    ['0 0 13 * FRI', ['2026-10-30T00:00Z', '2026-11-06T00:00Z', '2026-11-13T00:00Z', '2026-11-20T00:00Z']],
    ['0 0 */2 * MON', ['2026-11-09T00:00Z', '2026-11-23T00:00Z', '2026-12-07T00:00Z', '2026-12-21T00:00Z']],
    ['0 0 * * MON', ['2026-10-26T00:00Z', '2026-11-02T00:00Z', '2026-11-09T00:00Z', '2026-11-16T00:00Z']],
    ['0 0 31 * *', ['2026-10-31T00:00Z', '2026-12-31T00:00Z', '2027-01-31T00:00Z', '2027-03-31T00:00Z']],
  ])('with days of both kinds: %s', (text, expected) => {
    expect(times(text, '2026-10-25T00:00:00Z', 4)).toEqual(expected);
  });

  it('are those of a time zone: in winter and summer', () => {
    expect(times('TZ=Europe/Berlin 30 2 * * *', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      // 02:30 does not exist on this day.
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    // 02:30 comes twice on the second day.
    expect(times('TZ=Europe/Berlin 30 2 * * *', '2026-10-24T00:00:00Z', 3)).toEqual([
      '2026-10-24T00:30Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  it('that come again within the hour come in both of the hours that a clock is put back over', () => {
    expect(times('TZ=Europe/Berlin */30 * * * *', '2026-10-25T00:00:00Z', 4)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ]);
  });

  it('are after the time that is asked about, and fit the fields', () => {
    const field = (least: number, most: number) => fc.integer({ min: least, max: most });
    fc.assert(
      fc.property(
        field(0, 59),
        field(0, 23),
        field(1, 12),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
        (minute, hour, month, after) => {
          const next = parseSchedule(`${minute} ${hour} * ${month} *`).next(after.getTime()) as number;
          expect(next).toBeGreaterThan(after.getTime());
          const at = new Date(next);
          expect([at.getUTCMinutes(), at.getUTCHours(), at.getUTCMonth() + 1]).toEqual([minute, hour, month]);
          expect(next % 60_000).toBe(0);
        },
      ),
    );
  });
});

describe('what is no schedule', () => {
  it.each([
    ['', 'it has 0 fields, not five'],
    ['* * * *', 'it has 4 fields, not five'],
    ['* * * * * *', 'it has 6 fields, not five'],
    ['@reboot', '@reboot is none of'],
    ['60 * * * *', 'the minute goes from 0 to 59'],
    ['* 8,24 * * *', 'the hour goes from 0 to 23'],
    ['* * 0 * *', 'the day of the month goes from 1 to 31'],
    ['* * 1-32 * *', 'the day of the month goes from 1 to 31'],
    ['* * * 13 *', 'the month goes from 1 to 12'],
    ['* * * * 8', 'the day of the week goes from 0 to 7'],
    ['*/0 * * * *', 'stepping'],
    ['5/10 * * * *', '5/10'],
    ['0 22-2 * * *', '22-2'],
    ['-1 * * * *', 'range'],
    ['0 0 L * *', 'L means nothing here'],
    ['0 0 ? * *', '? means nothing here'],
    ['0 0 * * MON#2', '# means nothing here'],
    ['0 0 MON * *', 'MON'],
    ['0 0 * JANUARY *', 'JANUARY means nothing here'],
    ['0 0 30 2 *', 'such a day never comes'],
    ['TZ=Mars/Base 0 0 * * *', 'there is no time zone Mars/Base'],
  ])('%j', (text, reason) => {
    expect(() => parseSchedule(text)).toThrow(
      expect.objectContaining({
        code: 'SCHEDULE_INVALID',
        details: { schedule: text, reason: expect.stringContaining(reason) },
      }),
    );
  });

  it('any text is read or refused with the code', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789*/,- @LWa') }), (text) => {
        try {
          parseSchedule(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SCHEDULE_INVALID' });
        }
      }),
    );
  });
});
