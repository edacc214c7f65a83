import {
  create,
  type DescFile,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { contractError } from '@millrace/contracts/internal'
import { registryError } from '../errors.ts'
import type { Import, SchemaFormat } from '../serde/schema-format.ts'
import { prefixBytes, writePrefix } from '../wire-format.ts'
import { decodeIndexes, encodeIndexes } from './message-indexes.ts'
import { messageNames } from './message-names.ts'

export function protobufFormat<D extends DescMessage>(
  message: D,
  text: string | undefined,
): SchemaFormat<MessageShape<D>, MessageInitShape<D>> {
  const name = `protobuf(${message.typeName})`
  const path = pathOf(message)
  const indexes = encodeIndexes(path)
  return {
    name,
    recordName: message.typeName,
    schema: { type: 'PROTOBUF', text: text ?? descriptorText(message.file), references: [] },
    imports: importsOf(message.file),
    writer: (_schema, id) => (value) => {
      let body: Uint8Array
      try {
        body = toBinary(message, create(message, value))
      } catch {
        throw contractError('CONTRACT_MISMATCH', `the value is no ${name}`)
      }
      const bytes = Buffer.allocUnsafe(prefixBytes + indexes.length + body.length)
      writePrefix(bytes, id)
      bytes.set(indexes, prefixBytes)
      bytes.set(body, prefixBytes + indexes.length)
      return bytes
    },
    reader(writer) {
      const names = messageNames(writer.text)
      return (bytes) => {
        const found = decodeIndexes(bytes, prefixBytes)
        const written = names.get(found.path.join('.'))
        if (written !== message.typeName) {
          const what = written ?? `the message at ${found.path.join('.')}, which its schema does not have`
          throw registryError('REGISTRY_UNREADABLE', `the value is ${what}, not ${message.typeName}`)
        }
        try {
          // A copy: fields of bytes are views of what they are read from, which may be a store's memory.
          return fromBinary(message, new Uint8Array(bytes.subarray(found.end)))
        } catch {
          throw contractError('CONTRACT_MISMATCH', `the bytes are no ${name}`, { bytes: bytes.length })
        }
      }
    },
    // Fields are told apart by number, and those that nobody knows are kept: what could not fit the registry refuses.
    misfit(_own, other) {
      const names = messageNames(other.text)
      const there = names.get(path.join('.'))
      return there === message.typeName ? undefined : `its message at ${path.join('.')} is ${there ?? 'missing'}`
    },
    json: {
      toJson: (value) => toJson(message, value),
      fromJson(json) {
        try {
          return fromJson(message, json as JsonValue)
        } catch {
          throw contractError('CONTRACT_MISMATCH', `the JSON is no ${name}`)
        }
      },
    },
  }
}

function pathOf(message: DescMessage): number[] {
  const { parent } = message
  if (parent === undefined) return [message.file.messages.indexOf(message)]
  return [...pathOf(parent), parent.nestedMessages.indexOf(message)]
}

/** Registries take a compiled file in place of its text, as clients in Python and Go register it. */
function descriptorText(file: DescFile): string {
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)).toString('base64')
}

/** What comes with Protobuf itself every registry has. */
function importsOf(file: DescFile): readonly Import[] {
  return file.dependencies
    .filter(({ proto }) => !proto.name.startsWith('google/protobuf/'))
    .map((imported) => ({
      name: imported.proto.name,
      schema: { type: 'PROTOBUF', text: descriptorText(imported), references: [] },
      imports: importsOf(imported),
    }))
}
