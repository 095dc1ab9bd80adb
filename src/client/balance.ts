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

const name = 'tributary_fewest_calls';
const optionName = 'tributary.avoided';

/**
 * Channel options that send each call to the connected address with the fewest of the channel's calls, and to the replicas
 * of `avoided` last. It is gRPC's round robin, asked several times.
 * Resolution, connections and their backoff are gRPC's own.
 */
export function balancing(avoided: Avoided): ChannelOptions {
  if (!experimental.isLoadBalancerNameRegistered(name))
    experimental.registerLoadBalancerType(name, FewestCalls, Config);
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

class FewestCalls implements experimental.LoadBalancer {
  readonly #child: experimental.ChildLoadBalancerHandler;
  readonly #roundRobin = experimental.parseLoadBalancingConfig({ round_robin: {} });
  #avoided = new Avoided();
  #addresses = 0;
  /** Open calls by address. */
  readonly #calls = new Map<string, number>();

  constructor(helper: experimental.ChannelControlHelper) {
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        updateState: (state, picker, message) =>
          helper.updateState(state, { pick: (args) => this.#pick(picker, args) }, message),
      }),
    );
  }

  /** The replica with the fewest of this channel's calls among those that are not avoided; round robin among equals. */
  #pick(picker: experimental.Picker, args: experimental.PickArgs): experimental.PickResult {
    let best = picker.pick(args);
    // Round robin comes by every address once in as many picks as there are addresses.
    for (let others = 1; others < this.#addresses && best.subchannel !== null; others++) {
      const pick = picker.pick(args);
      if (
        pick.subchannel !== null &&
        this.#cost(pick.subchannel.getAddress()) < this.#cost(best.subchannel.getAddress())
      )
        best = pick;
    }
    return best.subchannel === null ? best : this.#counted(best, best.subchannel.getAddress());
  }

  #cost(peer: string): number {
    return (this.#calls.get(peer) ?? 0) + (this.#avoided.has(peer) ? Number.MAX_SAFE_INTEGER / 2 : 0);
  }

  #counted(pick: experimental.PickResult, peer: string): experimental.PickResult {
    const add = (difference: number): void => {
      const calls = (this.#calls.get(peer) ?? 0) + difference;
      if (calls > 0) this.#calls.set(peer, calls);
      else this.#calls.delete(peer);
    };
    return {
      ...pick,
      onCallStarted: () => {
        add(1);
        pick.onCallStarted?.();
      },
      onCallEnded: (...ended) => {
        add(-1);
        pick.onCallEnded?.(...ended);
      },
    };
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
