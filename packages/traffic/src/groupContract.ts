import type { Clock, EventSource, Scope } from '@roundhouse/core';
import type { Decision } from './decisions.ts';
import type { Endpoint, EndpointOptions } from './endpoint.ts';
import type { GroupConfiguration } from './groupOptions.ts';
import type { EndpointView, GroupView } from './groupView.ts';
import type { EndpointHealth, HealthEvents, HealthView } from './health/contract.ts';
import type { OutlierDetector } from './health/outlier.ts';
import type { Lease } from './lease.ts';
import type { LeaseRequest } from './leaseRequest.ts';
import type { Random } from './strategy/strategy.ts';

export interface EndpointGroupDependencies<Target> {
  readonly clock: Clock;
  readonly random: Random;
  /** Called for each endpoint that joins; the group starts and stops what it returns. */
  readonly createHealth: (endpoint: Endpoint<Target>) => EndpointHealth;
  /** Keeps requests away from endpoints that do worse than the rest; the group feeds and stops it. Default: none. */
  readonly outliers?: OutlierDetector;
  /** Whether a failure makes an endpoint an outlier, by its code. Default: each but CANCELLED. */
  readonly countsAgainst?: (code: string) => boolean;
}

export interface GroupEvents {
  readonly healthChanged: { readonly endpoint: string } & HealthEvents['changed'];
  /** The last lease of an endpoint that is drained has come back. */
  readonly drained: { readonly endpoint: string };
}

export interface DrainOptions {
  /** How long leases may wait for a safe point, ms from 0. Default: as long as they like. */
  readonly deadlineMs?: number;
}

/** Endpoints that serve the same purpose: gives out leases on them, and asks for leases to move. */
export interface EndpointGroup<Target> extends EventSource<GroupEvents>, Disposable {
  readonly id: string;
  /**
   * Takes other options; what is left out has its default. Leases, health and decisions stay, and so do sticky keys
   * while the mode is sticky. Who waits is served by the new rules within the time that it had from the first; a smaller
   * queue refuses only those who come. Raises GROUP_OPTION_INVALID, GROUP_CLOSED.
   */
  configure(options: GroupConfiguration): void;
  /**
   * Adds an endpoint, or replaces the one of that id. With the same target it keeps its health, its leases and its
   * drain; with another it is a new endpoint, and leases on the old one are asked to move. Raises
   * ENDPOINT_OPTION_INVALID, ENDPOINT_LIMIT_REACHED, GROUP_CLOSED.
   */
  set(options: EndpointOptions<Target>): void;
  /** Removes an endpoint; its leases live on and are asked to move. Raises ENDPOINT_UNKNOWN. */
  remove(id: string): void;
  /** Gives an endpoint no more requests, and asks its leases to move. Raises ENDPOINT_UNKNOWN. */
  drain(id: string, options?: DrainOptions): void;
  /** Raises ENDPOINT_UNKNOWN. */
  undrain(id: string): void;
  /**
   * A place on an endpoint, as soon as there is one. The scope bounds the wait, not the lease: who wants it no more
   * ends the scope, and releases the lease if it came nevertheless. Rejects with
   * NO_ENDPOINT (none is healthy or wanted), GROUP_FULL (no room within the time), QUEUE_FULL, ENDPOINT_UNKNOWN,
   * LEASE_REQUEST_INVALID, GROUP_CLOSED, or the reason of the scope.
   */
  acquire(request: LeaseRequest, scope: Scope): Promise<Lease<Target>>;
  /** A decision by its id; undefined once it is forgotten. */
  explain(decision: number): Decision | undefined;
  view(): GroupView;
  /** What `view` says of one endpoint, without looking at the others; undefined for one that is not there. */
  viewOf(id: string): EndpointView | undefined;
  /** Raises ENDPOINT_UNKNOWN. */
  health(id: string): HealthView;
  /** Stops probing and refuses who waits; leases live on. Idempotent. */
  close(): void;
}
