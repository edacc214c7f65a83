import { fromBinary } from '@bufbuild/protobuf'
import { type DescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

/** Messages of a file by their path in it, as `encodeIndexes` takes it, joined by dots. */
export type MessageNames = ReadonlyMap<string, string>

/** Full names of the messages of a schema as it lies in a registry: the text of a .proto file, or a descriptor in base64. */
export function messageNames(schema: string): MessageNames {
  return /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(schema) ? namesOfDescriptor(schema) : namesOfText(schema)
}

function namesOfDescriptor(base64: string): MessageNames {
  const { package: packageName, messageType } = fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64'))
  const names = new Map<string, string>()
  const add = (messages: readonly DescriptorProto[], scope: string, path: string): void => {
    // Entries of maps are messages to the compiler alone.
    const written = messages.filter(({ options }) => options?.mapEntry !== true)
    for (const [index, { name, nestedType }] of written.entries()) {
      names.set(path + index, scope + name)
      add(nestedType, `${scope}${name}.`, `${path}${index}.`)
    }
  }
  add(messageType, packageName === '' ? '' : `${packageName}.`, '')
  return names
}

interface Scope {
  /** Undefined for what is no message: services, enums, values of options. */
  readonly name: string | undefined
  readonly path: string
  messages: number
}

const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[A-Za-z_][\w.]*|[{};=]/g

/** Reads no more of the text than where messages begin and end. */
function namesOfText(text: string): MessageNames {
  const names = new Map<string, string>()
  const scopes: Scope[] = [{ name: '', path: '', messages: 0 }]
  let statement: string[] = []
  for (const [part] of text.matchAll(token)) {
    if (/^["']|^\/[/*]/.test(part)) continue
    if (part === '{') {
      scopes.push(opened(statement, scopes.at(-1)!, names))
      statement = []
    } else if (part === '}') {
      if (scopes.length > 1) scopes.pop()
      statement = []
    } else if (part === ';') {
      if (statement[0] === 'package') scopes[0] = { ...scopes[0]!, name: `${statement[1]}.` }
      statement = []
    } else statement.push(part)
  }
  return names
}

/** `message Name {`, `oneof choice {`, or in proto2 `optional group Name = 1 {`. */
function opened(statement: readonly string[], outer: Scope, names: Map<string, string>): Scope {
  const [first, second] = statement
  const group = statement.indexOf('group')
  const name = first === 'message' ? second : group >= 0 && group <= 1 ? statement[group + 1] : undefined
  // Groups within a choice are messages of the message around it.
  if (first === 'oneof' && outer.name !== undefined) return outer
  if (name === undefined || outer.name === undefined) return { name: undefined, path: '', messages: 0 }
  const path = `${outer.path}${outer.messages++}`
  names.set(path, outer.name + name)
  return { name: `${outer.name}${name}.`, path: `${path}.`, messages: 0 }
}
