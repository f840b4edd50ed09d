import { printable } from '../render.ts';

/** A record of CSV (RFC 4180, with a bare line feed): lists and maps as JSON, nothing as an empty field. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\n`;
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value));
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
