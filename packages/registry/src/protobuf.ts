import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import type { SchemaRegistry } from './client/schema-registry.ts'
import { protobufFormat } from './protobuf/protobuf-format.ts'
import { type RegistrySerde, registrySerde } from './serde/registry-serde.ts'
import type { SerdeOptions } from './serde/serde-options.ts'

export interface ProtobufOptions extends SerdeOptions {
  /** The text of the .proto file, to be registered in place of the compiled one. */
  readonly text?: string
}

/**
 * Protobuf through a schema registry, for a message that protoc-gen-es made. Files that it imports are registered too, each
 * under its path.
 *
 * @example
 * import { OrderSchema } from './gen/shop/v1/order_pb.js'
 * const order = topic('order', { key: serdes.string, value: protobuf(registry, OrderSchema) })
 */
export function protobuf<D extends DescMessage>(
  registry: SchemaRegistry,
  message: D,
  { text, ...options }: ProtobufOptions = {},
): RegistrySerde<MessageShape<D>, MessageInitShape<D>> {
  return registrySerde(registry, protobufFormat(message, text), options)
}
