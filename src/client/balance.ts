import { type ChannelOptions, connectivityState, experimental, Metadata } from '@grpc/grpc-js';

/** For how long a replica that was late, failed or hung comes last in the choice, in milliseconds. */
export const avoidedFor = 10_000;

/** What a channel and its user know of the replicas, by their address. */
export class Balance {
  readonly #avoidedUntil = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  #connected: readonly string[] = [];

  /** Has calls go elsewhere for a while, where there is an elsewhere. */
  avoid(peer: string): void {
    this.#avoidedUntil.set(peer, Date.now() + avoidedFor);
  }

  /** Whether a call to `peer` were better made to another replica that is well: one with fewer calls even then. */
  isUneven(peer: string): boolean {
    const calls = this.#calls.get(peer) ?? 0;
    return this.#connected.some((other) => (this.#calls.get(other) ?? 0) + 1 < calls && !this.#isAvoided(other));
  }

  /** The order of choice: the least first. */
  cost(peer: string): number {
    return (this.#calls.get(peer) ?? 0) + (this.#isAvoided(peer) ? Number.MAX_SAFE_INTEGER / 2 : 0);
  }

  /** Counts a call that begins, with 1, or ends, with -1. */
  count(peer: string, difference: 1 | -1): void {
    const calls = (this.#calls.get(peer) ?? 0) + difference;
    if (calls > 0) this.#calls.set(peer, calls);
    else this.#calls.delete(peer);
  }

  /** Notes which replicas are connected. */
  connect(peers: readonly string[]): void {
    this.#connected = peers;
  }

  #isAvoided(peer: string): boolean {
    const until = this.#avoidedUntil.get(peer);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#avoidedUntil.delete(peer);
    return false;
  }
}

const name = 'tributary_fewest_calls';
const optionName = 'tributary.balance';

/**
 * Channel options that send each call to the connected address with the fewest of the channel's calls, and to the replicas
 * that are to be avoided last. It is gRPC's round robin, asked several times.
 * Resolution, connections and their backoff are gRPC's own.
 */
export function balancing(balance: Balance): ChannelOptions {
  if (!experimental.isLoadBalancerNameRegistered(name))
    experimental.registerLoadBalancerType(name, FewestCalls, Config);
  return {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [name]: {} }] }),
    'grpc.service_config_disable_resolution': 1,
    [optionName]: balance,
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
  #balance = new Balance();
  #addresses = 0;

  constructor(helper: experimental.ChannelControlHelper) {
    this.#child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, {
        updateState: (state, picker, message) => {
          if (state === connectivityState.READY) this.#picks(picker, { metadata: new Metadata(), extraPickInfo: {} });
          helper.updateState(state, { pick: (args) => this.#pick(picker, args) }, message);
        },
      }),
    );
  }

  /** One pick for each replica that is connected. Picks cost nothing until a call is started with one. */
  #picks(picker: experimental.Picker, args: experimental.PickArgs): Map<string, experimental.PickResult> {
    const picks = new Map<string, experimental.PickResult>();
    // Round robin comes by every address that is connected in as many picks as there are addresses.
    for (let i = 0; i < this.#addresses; i++) {
      const pick = picker.pick(args);
      if (pick.subchannel !== null) picks.set(pick.subchannel.getAddress(), pick);
    }
    this.#balance.connect([...picks.keys()]);
    return picks;
  }

  #pick(picker: experimental.Picker, args: experimental.PickArgs): experimental.PickResult {
    const picks = [...this.#picks(picker, args)];
    // Nobody is connected: the pick says whether to wait or to fail.
    if (picks.length === 0) return picker.pick(args);
    const [peer, pick] = picks.reduce((best, other) =>
      this.#balance.cost(other[0]) < this.#balance.cost(best[0]) ? other : best,
    );
    return {
      ...pick,
      onCallStarted: () => {
        this.#balance.count(peer, 1);
        pick.onCallStarted?.();
      },
      onCallEnded: (...ended) => {
        this.#balance.count(peer, -1);
        pick.onCallEnded?.(...ended);
      },
    };
  }

  updateAddressList(
    ...[endpoints, , options, note]: Parameters<experimental.LoadBalancer['updateAddressList']>
  ): boolean {
    this.#balance = options[optionName] as Balance;
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
