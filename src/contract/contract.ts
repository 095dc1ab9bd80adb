import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { ProtoGrpcType as Errors } from '../../protos/generated/error.js';
import type { ProtoGrpcType as ErrorDetails } from '../../protos/generated/error_details.js';
import type { ProtoGrpcType as Loader } from '../../protos/generated/loader_service.js';
import type { ProtoGrpcType as Schedule } from '../../protos/generated/schedule_service.js';
import type { ProtoGrpcType as Status } from '../../protos/generated/status.js';
import { withStreamMessages } from './stream-messages.js';

/** The folder of the .proto files. */
export const protosFolder: string = fileURLToPath(new URL('../../../protos', import.meta.url));

/** The contract as proto-loader reads it: numbers for longs, names for enums, Buffers for bytes. */
export const packageDefinition: PackageDefinition = withStreamMessages(
  loadSync(
    [
      'tributary/v1/loader_service.proto',
      'tributary/v1/schedule_service.proto',
      'tributary/v1/error.proto',
      'google/rpc/status.proto',
      'google/rpc/error_details.proto',
    ],
    { includeDirs: [protosFolder], longs: Number, enums: String, defaults: true, oneofs: true },
  ),
);

/** The metadata of a stream by which a replica says how many processes share its address. */
export const processesKey = 'tributary-processes';

/** Services and messages by their full names. */
export const contract = loadPackageDefinition(packageDefinition) as unknown as Loader &
  Schedule &
  Errors &
  Status &
  ErrorDetails;
