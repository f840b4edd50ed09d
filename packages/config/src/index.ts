/**
 * Configuration in layers, with the place of every value.
 *
 * What composition adds to plain YAML:
 *
 *     extends: base.yaml                  # or a list, relative to this file; later ones are stronger
 *     x-anything: &anchor { … }           # keys with `x-` at the top only hold anchors
 *     templates:
 *       NAME:
 *         extends: OTHER                  # or a list
 *         parameters: { host: string, port: { type: integer, default: 23 } }
 *         body: { host: "${with.host}", port: "${with.port}" }
 *     endpoints:
 *       - id: east                        # lists with ids merge by them across layers; all others replace each other
 *         use: { template: NAME, with: { host: h } }    # or `use: NAME`; keys beside it are stronger
 *         $remove: [labels]               # of weaker layers
 *     events: { $append: [a], $remove: [b] }            # in place of a list
 *     server: { $replace: { port: 1 } }                 # in place of anything
 *
 * So `use` is no key of the product's own, in any map.
 *
 * In scalars, read once: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, `${file:path}`, and `$${` for `${`. A
 * scalar that is `secret://file/path` or `secret://env/NAME` as a whole stands for a secret.
 */
export type { Override } from './compose/overlay.ts';
export { type SecretResolver, secretText, systemSecrets } from './compose/secrets.ts';
export type { Definition, EnvironmentCheck, Finding, KeyedList, Reference } from './definition.ts';
export type { ConfigDocument } from './document.ts';
export { type CertificatePair, checkAuthorities, checkCertificate } from './environment/certificate.ts';
export { checkDescriptors } from './environment/descriptors.ts';
export { checkPrivate, checkReadable, checkWritable } from './environment/file.ts';
export { checkPort } from './environment/port.ts';
export { type ConfigCode, configError } from './errors.ts';
export { explain, type Origin } from './explain.ts';
export { type Files, systemFiles } from './files.ts';
export { type JsonSchemaOptions, jsonSchemaOf } from './jsonSchema.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { type LoadDeps, type Loaded, loadConfig, type Sources } from './load.ts';
export { formatPath, type Path } from './path.ts';
export {
  type Action,
  type ActionRule,
  type Change,
  type ChangeOp,
  diffConfig,
  type FieldChange,
  type Plan,
  type PlanRules,
  renderPlan,
} from './plan.ts';
export type { Diagnostic, Excerpt, Location, Phase, RelatedPlace, Severity } from './report/diagnostic.ts';
export { diagnosticsToJson, renderDiagnostics, type RenderOptions } from './report/render.ts';
export { plainSecrets } from './plainSecrets.ts';
export { show, type ShowOptions } from './show.ts';
export type { LayerKind } from './source.ts';
export { type DirectoryWatcher, systemWatcher, watchFiles, type WatchOptions } from './watch.ts';
