import type { Gateway } from '@roundhouse/sessions';
import type { Actuator } from './actuator.ts';

type Directory = Gateway['directory'];

export function groupActuator(directory: Directory): Actuator<'endpoint_group'> {
  return {
    kind: 'endpoint_group',
    check: (input) => directory.checkGroup(input),
    apply: (input) => void directory.setGroup(input),
    remove: (id) => directory.removeGroup(id),
    show: ({ id }) => directory.groupResource(id),
  };
}

export function endpointActuator(directory: Directory): Actuator<'endpoint'> {
  return {
    kind: 'endpoint',
    check: (input) => directory.checkEndpoint(input),
    apply: (input) => void directory.setEndpoint(input),
    remove: (id) => directory.removeEndpoint(id),
    show: ({ id }) => directory.endpointResource(id),
  };
}
