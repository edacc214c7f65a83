import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type AnyTopicContract, serdes, whenReady } from '@millrace/contracts'
import { keyFromText, keyToText, valueFromJson, valueToJson } from '@millrace/contracts/internal'
import { millraceError } from '../../../errors.ts'
import { decoded } from '../../record-text.ts'

/** Reads and writes payloads as their contract says; without contracts, as text. */
export interface Payloads {
  /** What a program would get; bytes that the contract refuses as they are, with the reason. */
  read(topic: string, part: 'key' | 'value', bytes: Buffer | null): Promise<{ value: unknown; refused?: string }>
  /** The bytes of a text: checked and written by the contract where there is one. @throws what the contract throws */
  write(topic: string, part: 'key' | 'value', text: string): Promise<Buffer>
}

/**
 * Loads the contracts that a module exports, by themselves or in a list.
 * @throws USAGE when the module does not load or exports none
 */
export async function loadPayloads(path: string | undefined): Promise<Payloads> {
  const contracts = path === undefined ? new Map<string, AnyTopicContract>() : await contractsOf(path)
  return {
    async read(topic, part, bytes) {
      const contract = contracts.get(topic)
      if (bytes === null || !contract) return { value: decoded(bytes) }
      try {
        return { value: await whenReady(() => shown(contract[part], part, bytes)) }
      } catch (error) {
        return { value: decoded(bytes), refused: error instanceof Error ? error.message : String(error) }
      }
    },
    async write(topic, part, text) {
      const contract = contracts.get(topic)
      if (!contract) return Buffer.from(text)
      return Buffer.from(await whenReady(() => written(contract[part], part, text)))
    },
  }
}

type PartSerde = AnyTopicContract['key' | 'value']

/** Serdes that write something else than the JSON of a value, and have a form of it in JSON. */
const builtIn = new Set<unknown>(Object.values(serdes))

/** In JSON, so that what is shown can be edited and written again; @throws what the contract throws */
function shown(serde: PartSerde, part: 'key' | 'value', bytes: Buffer): unknown {
  const value: unknown = serde.deserialize(bytes)
  try {
    return part === 'key' ? decoded(Buffer.from(keyToText(serde, bytes))) : valueToJson(serde, bytes)
  } catch {
    // A serde of the user's own, which has no form in JSON.
    return value
  }
}

function written(serde: PartSerde, part: 'key' | 'value', text: string): Uint8Array {
  if (part === 'key') {
    const bytes = keyFromText(serde, text)
    serde.deserialize(bytes)
    return bytes
  }
  if (serde === serdes.string) return serdes.string.serialize(text)
  const isFormed = serde.json !== undefined || builtIn.has(serde)
  return serde.serialize((isFormed ? valueFromJson(serde, parsed(text)) : parsed(text)) as never)
}

/** JSON where it is, otherwise the text itself: a key is rarely quoted on a command line. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

async function contractsOf(path: string): Promise<Map<string, AnyTopicContract>> {
  let loaded: Record<string, unknown>
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (error) {
    throw millraceError('USAGE', `${path} does not load`, { path }, error)
  }
  const contracts = Object.values(loaded).flat().filter(isContract)
  if (contracts.length === 0) throw millraceError('USAGE', `${path} exports no contract`, { path })
  return new Map(contracts.map((contract) => [contract.name, contract]))
}

function isContract(value: unknown): value is AnyTopicContract {
  const candidate = value as Partial<AnyTopicContract> | null
  return typeof candidate?.name === 'string' && typeof candidate.value?.deserialize === 'function'
}
