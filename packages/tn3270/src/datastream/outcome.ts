/** What became of an outbound record; it decides the TN3270E response. RFC 2355 §10.4. */
export type RecordOutcome =
  /** Carried out; nothing was sent. */
  | 'ok'
  /** Carried out, and answered by an inbound record: no other response is due. */
  | 'replied'
  /** Not a command of the data stream: COMMAND REJECT. */
  | 'bad-command'
  /** An address or order was refused: OPERATION CHECK. What stood before it has been drawn. */
  | 'bad-address';
