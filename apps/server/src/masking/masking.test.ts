import { MASKING_CHANNELS } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { makeEvent } from '../event/record.ts';
import { toMessage } from '../webhook/message.ts';
import { Masking } from './masking.ts';

const CARD = '4111111111111111';
const all = new Masking({ channels: MASKING_CHANNELS });

function eventOf(subject: string, data: Record<string, unknown>) {
  return makeEvent({ type: 'mail.received', subject, data }, { sequence: 7, at: 0, source: '/roundhouse' });
}

describe('Masking', () => {
  it('leaves everything as it is unless a channel is named', () => {
    const none = new Masking();
    const event = eventOf(CARD, { subject: CARD });
    expect(MASKING_CHANNELS.map((channel) => none.masks(channel))).toEqual([false, false, false, false]);
    expect([none.line, none.isExempt(['admin'])]).toEqual([undefined, false]);
    expect(none.event(event)).toBe(event);
    expect(new Masking({ channels: ['screens', 'logs', 'recordings'] }).event(event)).toBe(event);
  });

  it('hides numbers in the subject and the data of an event, and keeps the rest', () => {
    const event = eventOf(CARD, { subject: `Card ${CARD}`, bytes: Number(CARD), ssn: ['078-05-1120'] });
    const masked = all.event(event);
    expect(masked).toEqual({
      ...event,
      subject: '************1111',
      data: { subject: 'Card ************1111', bytes: '************1111', ssn: ['***-**-****'] },
    });
    expect(all.event(event)).toBe(masked);
    expect(event.subject).toBe(CARD);
  });

  it('hides them in a message of a webhook wherever they stand', () => {
    const { body } = toMessage(eventOf(CARD, { subject: CARD }));
    expect(JSON.stringify(body)).toContain(`"partitionkey":"${CARD}"`);
    expect(JSON.stringify(all.event(body as never))).not.toContain(CARD);
  });

  it('gives an event back in which there is nothing to hide', () => {
    const event = eventOf('m1', { subject: 'Hello', at: 1767225600000 });
    expect(all.event(event)).toBe(event);
  });

  it('hides numbers in the bytes of a line and changes no other byte', () => {
    const line = Buffer.concat([Buffer.from(`Größe ${CARD} `), Buffer.from([0xff, 0x00, 0xfe])]);
    const masked = Buffer.from(all.line?.(line) ?? []);
    const expected = Buffer.from(line);
    expected.fill('*', 8, 20);
    expect(masked).toEqual(expected);
    const clean = Buffer.from('nothing here');
    expect(all.line?.(clean)).toBe(clean);
  });

  it('knows who is exempt by one of the roles', () => {
    const masking = new Masking({ channels: ['screens'], exemptRoles: ['fraud-desk'] });
    expect([['viewer', 'fraud-desk'], ['viewer'], []].map((roles) => masking.isExempt(roles))).toEqual([
      true,
      false,
      false,
    ]);
  });
});
