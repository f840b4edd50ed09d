import type { Resource, ResourceFields, ResourceInput, ResourceKindName } from '@roundhouse/api';

/** A resource as it is shown, without what all of them have. */
type Shown<K extends ResourceKindName> = Omit<Resource<K>, keyof ResourceFields>;

/**
 * Makes resources of one kind real. Inputs have been checked against the schema of the kind, and what they refer to is
 * there. Calls come one at a time.
 */
export interface Actuator<K extends ResourceKindName> {
  readonly kind: K;
  /** Raises what keeps an input from being applied; changes nothing. */
  check(input: ResourceInput<K>): void | Promise<void>;
  /** Raises what keeps inputs from being there together: all that there will be. */
  checkAll?(inputs: ReadonlyArray<ResourceInput<K>>): void;
  /** Makes an input real, in the place of one before. When it raises, nothing has changed. */
  apply(input: ResourceInput<K>): void | Promise<void>;
  /** Undoes what `apply` did. */
  remove(id: string): void | Promise<void>;
  show(input: ResourceInput<K>): Shown<K> | Promise<Shown<K>>;
}

export type Actuators = { readonly [K in ResourceKindName]: Actuator<K> };
