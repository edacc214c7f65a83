import { isUtf8 } from 'node:buffer'

/** Data in Connect's JSON with schemas: an object of `schema` and `payload`, or its text where digits matter. */
export type DataForm = string | { readonly schema: unknown; readonly payload: unknown } | null

/** One thing that Kafka Connect's own classes and ours are asked to do. */
export interface GoldenCase {
  readonly name: string
  readonly does: 'fromConnect' | 'toConnect' | 'fromHeader' | 'toHeader' | 'transform' | 'test' | 'configDef'
  /** Fully qualified. */
  readonly class: string
  readonly config?: Readonly<Record<string, string>>
  readonly data?: DataForm
  /** As text, or as bytes. */
  readonly bytes?: string | Uint8Array | null
  readonly record?: RecordForm
  /** Where ours differs on purpose: why, and what it does instead (`failed`, or the outcome). */
  readonly differs?: { readonly why: string; readonly ours: unknown }
}

export interface RecordForm {
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number
  readonly timestampMs?: number
  readonly key?: DataForm
  readonly value?: DataForm
  readonly headers?: readonly { readonly key: string; readonly data: DataForm }[]
}

/** What Kafka Connect made of a case. */
export type JavaOutcome = { readonly result: unknown } | { readonly failed: string }

export interface GoldenGroup {
  readonly name: string
  readonly cases: readonly GoldenCase[]
}

export function dataText(data: DataForm | undefined): string | null {
  return data === null || data === undefined || typeof data === 'string' ? (data ?? null) : JSON.stringify(data)
}

/** Bytes as fixtures have them: text where they are text. */
export function bytesText(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  const buffer = Buffer.from(bytes)
  return isUtf8(buffer) && !buffer.includes(0) ? `text ${buffer}` : `hex ${buffer.toString('hex')}`
}
