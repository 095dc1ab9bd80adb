import { type ChannelOptions, experimental } from '@grpc/grpc-js';

/** For how long a replica that was late, failed or hung comes last in the choice, in milliseconds. */
export const avoidedFor = 10_000;

/** The replicas, by their address, that calls go to only where there is no other. It is shared by a channel and its user. */
export class Avoided {
  readonly #until = new Map<string, number>();

  add(peer: string): void {
    this.#until.set(peer, Date.now() + avoidedFor);
  }

  delete(peer: string): void {
    this.#until.delete(peer);
  }

  has(peer: string): boolean {
    const until = this.#until.get(peer);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#until.delete(peer);
    return false;
  }
}

const name = 'tributary_round_robin';
const optionName = 'tributary.avoided';

/**
 * Channel options for gRPC's round robin over all addresses that are connected, in which replicas of `avoided` come last.
 * Resolution, connections and their backoff are gRPC's own.
 */
export function balancing(avoided: Avoided): ChannelOptions {
  if (!experimental.isLoadBalancerNameRegistered(name))
    experimental.registerLoadBalancerType(name, AvoidingRoundRobin, Config);
  return {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [name]: {} }] }),
    'grpc.service_config_disable_resolution': 1,
    [optionName]: avoided,
  };
}

class Config implements experimental.TypedLoadBalancingConfig {
  getLoadBalancerName(): string {
    return name;
  }

  toJsonObject(): object {
    return { [name]: {} };
  }

  static createFromJson(): Config {
    return new Config();
  }
}

class AvoidingRoundRobin implements experimental.LoadBalancer {
  readonly #child: experimental.ChildLoadBalancerHandler;
  readonly #roundRobin = experimental.parseLoadBalancingConfig({ round_robin: {} });
  #avoided = new Avoided();
  #addresses = 0;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        updateState: (state, picker, message) =>
          helper.updateState(state, { pick: (args) => this.#pick(picker, args) }, message),
      }),
    );
  }

  #pick(picker: experimental.Picker, args: experimental.PickArgs): experimental.PickResult {
    const first = picker.pick(args);
    let pick = first;
    // Round robin comes by every address once in as many picks as there are addresses.
    for (let others = 1; others < this.#addresses; others++) {
      if (pick.subchannel === null || !this.#avoided.has(pick.subchannel.getAddress())) return pick;
      pick = picker.pick(args);
    }
    return pick.subchannel !== null && this.#avoided.has(pick.subchannel.getAddress()) ? first : pick;
  }

  updateAddressList(
    ...[endpoints, , options, note]: Parameters<experimental.LoadBalancer['updateAddressList']>
  ): boolean {
    this.#avoided = options[optionName] as Avoided;
    if (endpoints.ok) this.#addresses = endpoints.value.length;
    return this.#child.updateAddressList(endpoints, this.#roundRobin, options, note);
  }

  exitIdle(): void {
    this.#child.exitIdle();
  }

  resetBackoff(): void {
    this.#child.resetBackoff();
  }

  destroy(): void {
    this.#child.destroy();
  }

  getTypeName(): string {
    return name;
  }
}
