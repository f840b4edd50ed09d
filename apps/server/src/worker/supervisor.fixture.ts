import type { Labels, WorkerState } from '@roundhouse/api';
import { Emitter, type Clock, type Scope, type Unsubscribe } from '@roundhouse/core';
import {
  type InstanceId,
  type InstanceStatus,
  type LogLine,
  type LogQuery,
  type Logs,
  type Move,
  type Supervisor,
  type SupervisorEvents,
  workerError,
  type WorkerSpec,
  type WorkerStatus,
  type WorkerTarget,
} from '@roundhouse/workers';
