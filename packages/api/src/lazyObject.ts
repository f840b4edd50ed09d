import { z } from 'zod';

const NEVER = z.never();

/**
 * An object with these fields and no others, whose schemas are made when they are first asked for: most are those of
 * answers, which only documents are made of.
 */
export function lazyObject<S extends z.core.$ZodLooseShape>(shape: () => S): z.ZodObject<S, z.core.$strict> {
  let made: S | undefined;
  const definition: z.core.$ZodObjectDef<S> = {
    type: 'object',
    get shape() {
      return (made ??= shape());
    },
    catchall: NEVER,
  };
  return new z.ZodObject(definition) as z.ZodObject<S, z.core.$strict>;
}
