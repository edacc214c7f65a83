import type { SchemaAndValue } from '../../data/record.ts'
import { javaHash } from './java-hash.ts'

const seed = 9001n
const blockBytes = 16

/** The four words that the hash is made of; all arithmetic is of 64 bits without sign. */
interface State {
  h1: bigint
  h2: bigint
  c1: bigint
  c2: bigint
}

/** MurmurHash3 of 64 bits in its upper half, as Debezium's PartitionRouting asks for: of texts, or else of Java's `hashCode`. */
export function murmurHash(data: SchemaAndValue): number {
  const { schema, value } = data
  if (schema?.type === 'string') return murmurOf(Buffer.from(wellFormed(value as string)))
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(javaHash(data))
  return murmurOf(bytes)
}

/** Half a character becomes a question mark. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, '?')
}

function murmurOf(bytes: Buffer): number {
  const state: State = {
    h1: 0x9368e53c2f6af274n ^ seed,
    h2: 0x586dcd208f7cd3fdn ^ seed,
    c1: 0x87c37b91114253d5n,
    c2: 0x4cf5ad432745937fn,
  }
  const tail = bytes.length - (bytes.length % blockBytes)
  for (let at = 0; at < tail; at += blockBytes) {
    mix(state, bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8))
  }
  if (tail < bytes.length) mix(state, tailWord(bytes, tail), tailWord(bytes, tail + 8))
  state.h2 ^= BigInt(bytes.length)
  state.h1 = word(state.h1 + state.h2)
  state.h2 = word(state.h2 + state.h1)
  const sum = word(finalMix(state.h1) + finalMix(state.h2))
  return Number(BigInt.asIntN(32, sum >> 32n))
}

/** Bytes of an unfinished block have a sign, which reaches up to the top. */
function tailWord(bytes: Buffer, start: number): bigint {
  let result = 0n
  for (let at = start; at < Math.min(start + 8, bytes.length); at++) {
    result ^= word(BigInt(bytes.readInt8(at)) << BigInt((at - start) * 8))
  }
  return result
}

function mix(state: State, block1: bigint, block2: bigint): void {
  const k1 = word(rotated(word(block1 * state.c1), 23n) * state.c2)
  state.h1 = word((state.h1 ^ k1) + state.h2)
  state.h2 = rotated(state.h2, 41n)
  const k2 = word(rotated(word(block2 * state.c2), 23n) * state.c1)
  state.h2 = word((state.h2 ^ k2) + state.h1)
  state.h1 = word(state.h1 * 3n + 0x52dce729n)
  state.h2 = word(state.h2 * 3n + 0x38495ab5n)
  state.c1 = word(state.c1 * 5n + 0x7b7d159cn)
  state.c2 = word(state.c2 * 5n + 0x6bce6396n)
}

function finalMix(value: bigint): bigint {
  let mixed = word((value ^ (value >> 33n)) * 0xff51afd7ed558ccdn)
  mixed = word((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return mixed ^ (mixed >> 33n)
}

function rotated(value: bigint, by: bigint): bigint {
  return word(value << by) | (value >> (64n - by))
}

function word(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
