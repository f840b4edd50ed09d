/** For a message or an answer: what is no text for people is shown as a question mark, and all is one line. */
export function printable(text: string, maxLength = 200): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, '?').slice(0, maxLength);
}
