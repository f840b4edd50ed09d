/** How much of the attributes a read returns; set by the host. GA23-0059-07 §5.21, "Set Reply Mode". */
export type ReplyMode =
  | { readonly kind: 'field' }
  | { readonly kind: 'extended-field' }
  /** `attributes`: the types that SA orders are returned for. */
  | { readonly kind: 'character'; readonly attributes: ReadonlySet<number> };

export const FIELD_MODE: ReplyMode = { kind: 'field' };

/** Codes of the Set Reply Mode structured field and of the Reply Modes query reply. */
export const REPLY_MODE = { Field: 0x00, ExtendedField: 0x01, Character: 0x02 } as const;
