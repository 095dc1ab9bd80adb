// A WebGPU device without a driver, for the thread that drives one: its buffers are memory, copies are copied, kernels do nothing,
// and all is done at once. What it costs to pass a cargo through is what gpu.js and this project cost.

/** What became of the last submission. */
export interface NullWebGpu {
  /** Copies from mapped memory, in the order of submission: the bytes that each brought. */
  readonly uploads: Uint8Array[];
  /** Workgroups dispatched. */
  dispatched: number;
  /** Whether uploads are kept. */
  keeps: boolean;
  /** Bytes that every result has. */
  result: number;
}

class NullBuffer {
  readonly memory: ArrayBuffer;
  readonly usage: number;
  #range: ArrayBuffer | null;

  constructor({ size, usage, mappedAtCreation }: { size: number; usage: number; mappedAtCreation?: boolean }) {
    this.memory = new ArrayBuffer(size);
    this.usage = usage;
    this.#range = mappedAtCreation ? this.memory : null;
  }

  async mapAsync(): Promise<void> {
    if (this.#range !== null) throw new Error('the buffer is mapped');
    this.#range = this.memory;
  }

  getMappedRange(): ArrayBuffer {
    if (this.#range === null) throw new Error('the buffer is not mapped');
    return this.#range;
  }

  unmap(): void {
    this.#range = null;
  }

  destroy(): void {}
}

const mapRead = 1;
const mapWrite = 2;

/** Makes it this thread's `navigator.gpu`; before gpu.js is loaded. */
export function provideNullWebGpu(): NullWebGpu {
  const state: NullWebGpu = { uploads: [], dispatched: 0, keeps: false, result: 0 };
  const none = () => ({});
  const pass = {
    setPipeline: none,
    setBindGroup: none,
    end: none,
    dispatchWorkgroups: (x: number, y: number, z: number) => {
      state.dispatched += x * y * z;
    },
  };
  const encoder = {
    beginComputePass: () => pass,
    finish: none,
    copyBufferToBuffer(from: NullBuffer, fromByte: number, to: NullBuffer, _: number, bytes: number) {
      if (from.usage & mapWrite && state.keeps)
        state.uploads.push(new Uint8Array(from.memory.slice(fromByte, fromByte + bytes)));
      if (to.usage & mapRead && state.keeps) new Uint8Array(to.memory).fill(state.result);
    },
  };
  const device = {
    limits: {
      maxStorageBufferBindingSize: 2 ** 31,
      maxBufferSize: 2 ** 31,
      maxComputeWorkgroupsPerDimension: 65535,
    },
    lost: new Promise<never>(() => {}),
    queue: { submit: none, writeBuffer: none },
    createBuffer: (settings: ConstructorParameters<typeof NullBuffer>[0]) => new NullBuffer(settings),
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createBindGroupLayout: none,
    createPipelineLayout: none,
    createComputePipeline: none,
    createComputePipelineAsync: async () => ({}),
    createBindGroup: none,
    createCommandEncoder: () => encoder,
    pushErrorScope: none,
    popErrorScope: async () => null,
  };
  const adapter = { limits: device.limits, info: { vendor: 'none' }, requestDevice: async () => device };
  const value = { gpu: { requestAdapter: async () => adapter } };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
  return state;
}
