import { expect, it } from 'vitest';
import { figure } from './figure.ts';
import { renderSection } from './report.ts';

it('renders a section as an aligned table with ratios, bars and notes', () => {
  const text = renderSection({
    title: 'Title',
    figures: [
      figure('cpu.form', 'form', 'µs', [20, 21, 24], { name: 's3270', samples: [84] }),
      figure('rest.reads_per_s', 'reads', 'reads/s', [1234.5]),
    ],
    notes: ['A note.'],
  });
  expect(text).toBe(
    [
      'Title',
      '         median  min … max  unit     s3270  ratio  bar',
      '  form       21    20 … 24  µs          84  0.250  met: ratio at most 0.33',
      '  reads   1,235             reads/s                NOT MET: at least 5,000',
      '  - A note.',
      '',
    ].join('\n'),
  );
});

it('leaves out the columns of a peer where there is none', () => {
  const text = renderSection({ title: 'Title', figures: [figure('x', 'X', 'ms', [0.123, 0.5])], notes: [] });
  expect(text).not.toContain('ratio');
  expect(text).toContain('0.31  0.12 … 0.5  ms');
});
