import { defineErrors, type ErrorEntry } from '@roundhouse/core';

/** A fault of the configuration: what is written has to change. */
function fault(message: string, hint: string): ErrorEntry {
  return { message, hint, retryable: false, status: 422 };
}

/** A fault of the machine that the configuration meets: it may be gone the next time. */
function obstacle(message: string, hint: string): ErrorEntry {
  return { message, hint, retryable: true, status: 422 };
}

/** Every code that a diagnostic may carry, and those that the package itself raises. */
export const configError = defineErrors({
  CONFIG_FILE_UNREADABLE: obstacle(
    'Cannot read {file}: {reason}',
    'Check the path and the permissions of the file and of the directories above it.',
  ),
  CONFIG_FILE_TOO_LARGE: fault('{file} is larger than {limit} bytes', 'Split it into several files in conf.d.'),
  CONFIG_ENCODING: fault('The file is not UTF-8: {reason}', 'Save it as UTF-8 without conversion.'),
  CONFIG_NUL: fault('The file holds a NUL character', 'Remove it; the file may have been damaged in transfer.'),
  CONFIG_EMPTY: fault('The file is empty', 'Remove it, or write what it should set.'),
  CONFIG_SYNTAX: fault('{reason}', 'Correct the YAML at the marked place.'),
  CONFIG_TAB: fault('A tab is used for indentation', 'Indent with spaces.'),
  CONFIG_INDENT: fault('The indentation does not fit: {reason}', 'Align the line with those it belongs to.'),
  CONFIG_MULTIPLE_DOCUMENTS: fault(
    'The file holds more than one YAML document',
    'Keep one document a file; put the others into conf.d.',
  ),
  CONFIG_YAML_UNSUPPORTED: fault('{what} is not taken here', 'Write plain YAML 1.2: maps, lists and scalars.'),
  CONFIG_KEY: fault('{reason}', 'Keys are plain text.'),
  CONFIG_DUPLICATE_KEY: fault('`{key}` stands twice in the same map', 'Remove one of the two.'),
  CONFIG_ALIAS_UNKNOWN: fault(
    'No anchor `&{anchor}` before this alias',
    'Define the anchor above its first use, or put text that begins with `*` in quotes.',
  ),
  CONFIG_ALIAS_LIMIT: fault('More than {limit} aliases', 'Use templates, or write the values out.'),
  CONFIG_DEPTH: fault('Nested deeper than {limit} levels', 'Make the structure flatter.'),
  CONFIG_SIZE: fault('More than {limit} values once aliases are expanded', 'Remove aliases that multiply each other.'),
  CONFIG_MERGE_KEY: fault('`<<` takes a map or a list of maps', 'Name an anchor of a map: `<<: *name`.'),
  CONFIG_ROOT: fault('The file must hold a map, not {actual}', 'Begin with a key such as `name: value`.'),

  CONFIG_CYCLE: fault('{what} leads back to itself: {chain}', 'Break the circle at one of these places.'),
  CONFIG_EXTENDS: fault('`extends` takes a path or a list of paths', 'Write `extends: base.yaml`.'),
  CONFIG_INCLUDE_DEPTH: fault('`extends` is nested deeper than {limit} files', 'Shorten the chain.'),
  CONFIG_PROFILE_UNKNOWN: fault('There is no profile `{profile}`', 'Use one of: {known}.'),
  CONFIG_DIRECTIVE: fault('{reason}', 'In place of a list or a map: `$replace`, or `$append` and `$remove`.'),
  CONFIG_NOTHING_REMOVED: fault(
    '`$remove` names `{name}`, which no lower layer has',
    'Remove the name, or correct it.',
  ),
  CONFIG_TEMPLATE: fault('{reason}', 'A template has `body` and, if wanted, `parameters` and `extends`.'),
  CONFIG_TEMPLATE_UNKNOWN: fault('There is no template `{template}`', 'Define it under `templates`.'),
  CONFIG_PARAMETER_UNKNOWN: fault(
    'Template `{template}` has no parameter `{parameter}`',
    'Declare it under `parameters` of the template.',
  ),
  CONFIG_PARAMETER_REQUIRED: fault(
    'Template `{template}` needs the parameter `{parameter}`',
    'Give it under `with`, or a default in the template.',
  ),
  CONFIG_PARAMETER_TYPE: fault(
    'Parameter `{parameter}` of template `{template}` must be {expected}, not {actual}',
    'Correct the value under `with`, or the type in the template.',
  ),
  CONFIG_SUBSTITUTION: fault('{reason}', 'Write `$${` where `${` is meant as it stands.'),
  CONFIG_VARIABLE_UNSET: fault('{reason}', 'Set the variable, or write `${{variable}:-default}`.'),
  CONFIG_SECRET_UNRESOLVED: obstacle(
    'The secret {reference} cannot be had: {reason}',
    'Provide it, and let this user read it.',
  ),
  CONFIG_VARIABLE_UNKNOWN: fault('{variable} sets nothing: {reason}', 'Remove the variable, or correct its name.'),
  CONFIG_SETTING: fault('{reason}', 'Write `path=value`, as in `endpoints[east].port=23`.'),
  CONFIG_PATH_UNKNOWN: fault('There is no `{path}`: {reason}', 'Correct the path.'),

  CONFIG_UNKNOWN_KEY: fault('Unknown key `{key}`', 'Remove the key, or correct its name.'),
  CONFIG_TYPE: fault('`{path}` must be {expected}, not {actual}', 'Correct the value.'),
  CONFIG_VALUE: fault('`{path}`: {reason}', 'Correct the value.'),
  CONFIG_REQUIRED: fault('`{key}` is missing', 'Add it at the place that is marked.'),
  CONFIG_BOOLEAN_WORD: fault(
    '`{word}` is text here, not a truth value',
    'Write `true` or `false`, or put quotes around the text.',
  ),

  CONFIG_REFERENCE: fault('`{path}` names `{name}`, but there is no such {target}', 'Define it, or correct the name.'),
  CONFIG_DUPLICATE_ID: fault('`{id}` stands twice in `{list}`', 'Give one of the two another {key}.'),
  CONFIG_CONFLICT: fault('{reason}', 'Change one of the settings that contradict each other.'),

  CONFIG_PORT_TAKEN: obstacle('Cannot listen on {address}: {reason}', 'Choose another port, or stop who has it.'),
  CONFIG_PATH_UNWRITABLE: obstacle('Cannot write to {file}: {reason}', 'Create it, and let this user write there.'),
  CONFIG_PERMISSIONS: obstacle('{file} can be read by others (mode {mode})', 'Take the rights away: `chmod go= FILE`.'),
  CONFIG_CERTIFICATE: obstacle(
    '{reason}',
    'Give PEM files of a certificate in its time and of its key; `openssl x509 -noout -text -in FILE` shows one.',
  ),
  CONFIG_DESCRIPTORS: obstacle(
    'Up to {wanted} open files are needed, but the limit is {limit}',
    'Raise `ulimit -n` (LimitNOFILE), or lower the limits in the configuration.',
  ),
});

export type ConfigCode = keyof typeof configError.catalogue;
