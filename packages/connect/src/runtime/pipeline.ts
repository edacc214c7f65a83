import type { Clock } from '@millrace/base'
import { isMillraceError, systemClock } from '@millrace/base'
import { isForAnother } from '@millrace/base/internal'
import type { Header } from '@millrace/protocol'
import type { Converter, HeaderConverter } from '../converters/converter.ts'
import type { ConnectHeader, ConnectRecord } from '../data/record.ts'
import { connectError } from '../errors.ts'
import type { Transform } from '../transforms/transform.ts'

/** Where in the pipeline a record failed, in Kafka Connect's words (`org.apache.kafka.connect.runtime.errors.Stage`). */
export type PipelineStage = 'TRANSFORMATION' | 'KEY_CONVERTER' | 'VALUE_CONVERTER' | 'HEADER_CONVERTER' | 'TASK_PUT'

/** How a connector's records become bytes, or bytes its records. */
export interface RecordPipeline {
  readonly keyConverter: Converter
  readonly valueConverter: Converter
  readonly headerConverter: HeaderConverter
  /** In the order in which they are applied. */
  readonly transforms: readonly Transform[]
  /** Of a sink, its name: what came back from the dead letters of another application is left out. */
  readonly application?: string
}

/** A record as it lies in a topic. */
export interface SerializedRecord {
  readonly topic: string
  /** Undefined where it follows from the key. */
  readonly partition: number | undefined
  readonly timestampMs: number | undefined
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
}

/** What a sink's pipeline is given: a record and where it was read. */
export interface ConsumedBytes extends SerializedRecord {
  readonly partition: number
  readonly offset: number
}

/** One record that a converter or transform refused. */
export class PipelineFailure extends Error {
  readonly stage: PipelineStage
  /** Name of the class that refused it. */
  readonly executingClass: string

  constructor(stage: PipelineStage, executor: object, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'PipelineFailure'
    this.stage = stage
    this.executingClass = executor.constructor?.name ?? 'Object'
  }

  /** Whether trying again may help; the error itself says so. */
  get isRetriable(): boolean {
    return isMillraceError(this.cause) && this.cause.retriable
  }
}

/**
 * A source's way out: transforms, then converters. Undefined where a transform dropped the record.
 * @throws PipelineFailure
 */
export function serializeRecord(pipeline: RecordPipeline, record: ConnectRecord): SerializedRecord | undefined {
  const transformed = applyTransforms(pipeline.transforms, record)
  if (!transformed) return undefined
  const { topic, partition, timestampMs } = transformed
  const { keyConverter, valueConverter, headerConverter } = pipeline
  const headers = transformed.headers.map(({ key, schema, value }) => ({
    key,
    value: staged('HEADER_CONVERTER', headerConverter, () =>
      asBuffer(headerConverter.fromConnectHeader(topic, key, { schema, value })),
    ),
  }))
  const key = staged('KEY_CONVERTER', keyConverter, () => keyConverter.fromConnect(topic, headers, transformed.key))
  const value = staged('VALUE_CONVERTER', valueConverter, () =>
    valueConverter.fromConnect(topic, headers, transformed.value),
  )
  return { topic, partition, timestampMs, key, value, headers }
}

/**
 * A sink's way in: converters, then transforms. Undefined where a transform dropped the record, or where it came back from
 * the dead letters of another application.
 * @throws PipelineFailure
 */
export function deserializeRecord(pipeline: RecordPipeline, consumed: ConsumedBytes): ConnectRecord | undefined {
  const { topic, partition, offset, timestampMs, headers: raw } = consumed
  const { keyConverter, valueConverter, headerConverter, transforms, application } = pipeline
  if (application !== undefined && isForAnother(raw, topic, application)) return undefined
  const key = staged('KEY_CONVERTER', keyConverter, () => keyConverter.toConnect(topic, raw, consumed.key))
  const value = staged('VALUE_CONVERTER', valueConverter, () => valueConverter.toConnect(topic, raw, consumed.value))
  const headers = raw.map((header): ConnectHeader => {
    const converted = staged('HEADER_CONVERTER', headerConverter, () =>
      headerConverter.toConnectHeader(topic, header.key, header.value),
    )
    return { key: header.key, ...converted }
  })
  return applyTransforms(transforms, { topic, partition, offset, timestampMs, key, value, headers })
}

function applyTransforms(transforms: readonly Transform[], record: ConnectRecord): ConnectRecord | undefined {
  let current: ConnectRecord | undefined = record
  for (const transform of transforms) {
    const input: ConnectRecord = current
    current = staged('TRANSFORMATION', transform, () => transform.apply(input))
    if (!current) return undefined
  }
  return current
}

function staged<T>(stage: PipelineStage, executor: object, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new PipelineFailure(stage, executor, error)
  }
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What becomes of records that the pipeline refuses, as `errors.*` of Kafka Connect's configs say it. */
export interface ErrorPolicy {
  /** `none` stops the connector at the first one; `all` sets it aside, or skips it where there is no place for it. */
  readonly tolerance: 'none' | 'all'
  /** How long a retriable failure is tried again; -1 for ever. */
  readonly retryTimeoutMs: number
  readonly retryDelayMsMax: number
  /** Publishes each refused record on the diagnostics channel `millrace:connect:record-error`. */
  readonly log: boolean
  /** With key, value and headers. */
  readonly logMessages: boolean
  readonly deadLetters: DeadLetterPlace | undefined
}

export interface DeadLetterPlace {
  readonly topic: string
  /** Default: the broker's. */
  readonly replicationFactor?: number
  /** Whether headers tell where the record came from and what was wrong. */
  readonly contextHeaders: boolean
}

/** As Kafka Connect's: the first bad record stops the connector. */
export const strictPolicy: ErrorPolicy = {
  tolerance: 'none',
  retryTimeoutMs: 0,
  retryDelayMsMax: 60_000,
  log: false,
  logMessages: false,
  deadLetters: undefined,
}

/** Counts how long retriable failures have gone on, so that trying again ends where the policy says. */
export class RetryWindow {
  readonly #policy: Pick<ErrorPolicy, 'retryTimeoutMs'>
  readonly #clock: Clock
  #firstFailureMs: number | undefined

  constructor(policy: Pick<ErrorPolicy, 'retryTimeoutMs'>, clock: Clock = systemClock) {
    this.#policy = policy
    this.#clock = clock
  }

  /** Throws a retriable error while trying again is allowed: the runner then begins anew from where it stands. */
  check(failure: PipelineFailure, where: string): void {
    if (!failure.isRetriable || this.#policy.retryTimeoutMs === 0) return
    const now = this.#clock.now()
    this.#firstFailureMs ??= now
    const { retryTimeoutMs } = this.#policy
    if (retryTimeoutMs >= 0 && now - this.#firstFailureMs >= retryTimeoutMs) return
    throw connectError('CONNECT_RECORD_RETRIED', `${where}: ${failure.message}`, { stage: failure.stage }, failure)
  }

  /** Something went through. */
  clear(): void {
    this.#firstFailureMs = undefined
  }
}
